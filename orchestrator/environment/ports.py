"""Ports of the loopback interface that nobody uses at the moment."""

import socket

HOST = "127.0.0.1"


def free_ports(count: int) -> tuple[int, ...]:
    """``count`` different ports. Somebody else may take one before it is used: then try again."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind((HOST, 0))
        return tuple(int(probe.getsockname()[1]) for probe in probes)
    finally:
        for probe in probes:
            probe.close()
