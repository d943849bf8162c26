"""RunResult -> text and files. Nothing here measures or judges; every figure was made before."""
