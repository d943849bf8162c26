import socket

from orchestrator.environment.ports import HOST, free_ports


def test_the_ports_differ_and_can_be_bound() -> None:
    ports = free_ports(3)
    assert len(set(ports)) == 3
    for port in ports:
        with socket.socket() as server:
            server.bind((HOST, port))
