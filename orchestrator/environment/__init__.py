"""Plan -> a ready broker and ready pools: private Redis, child processes, worker pools, and their
end.

Nothing is imported here: `worker_main` lives in this package and must run before gevent or eventlet
have patched the standard library.
"""
