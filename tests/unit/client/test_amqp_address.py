import ssl
from typing import Any

import pytest
from kombu import connection

from orchestrator.client.amqp_address import AmqpAddress
from orchestrator.client.amqp_recording import endpoints
from tests.unit.client.recording_app import recording_app

_Connection: Any = connection.Connection


def resolved(url: str, *, heartbeat_s: float | None = 120, **options: Any) -> AmqpAddress:
    app = recording_app(broker_heartbeat=heartbeat_s)
    [endpoint] = endpoints(app, _Connection(url, **options))
    return endpoint.address()


def test_url() -> None:
    address = resolved("amqp://me:p%40ss@broker.example:5999/my%2Fhost")
    assert (address.host, address.port, address.virtual_host) == (
        "broker.example",
        5999,
        "my/host",
    )
    assert address.login(["AMQPLAIN", "PLAIN"]) == ("PLAIN", b"\0me\0p@ss")
    assert str(address) == "amqp://broker.example:5999/my/host"
    assert "p@ss" not in f"{address!r}{address}"


def test_defaults() -> None:
    address = resolved("amqp://")
    assert (address.host, address.port, address.virtual_host) == ("127.0.0.1", 5672, "/")
    assert str(address) == "amqp://127.0.0.1:5672/"
    assert str(AmqpAddress(host="::1")) == "amqp://[::1]:5672/"


@pytest.mark.parametrize(
    ("worker_s", "options", "heartbeat_s"),
    [(120, {}, 20), (7, {}, 7), (0, {}, 0), (None, {}, 0), (0, {"heartbeat": 45}, 45)],
)
def test_heartbeat(worker_s: float | None, options: dict[str, Any], heartbeat_s: int) -> None:
    address = resolved("amqp://", heartbeat_s=worker_s, transport_options=options)
    assert address.heartbeat_s == heartbeat_s


def test_options() -> None:
    options = {"client_properties": {"connection_name": "mine"}, "frame_max": 8192}
    address = resolved("amqp://", transport_options=options, connect_timeout=7)
    assert address.client_properties == {"connection_name": "mine"}
    assert (address.frame_max, address.connect_timeout_s) == (8192, 7.0)


def test_other_logins() -> None:
    address = resolved("amqp://me:secret@broker", login_method="AMQPLAIN")
    mechanism, response = address.login(["PLAIN", "AMQPLAIN"]) or ("", b"")
    assert mechanism == "AMQPLAIN"
    assert b"secret" in response
    assert resolved("amqp://", login_method="EXTERNAL").login(["EXTERNAL"]) == ("EXTERNAL", b"")
    assert address.login(["EXTERNAL"]) is None


def test_tls() -> None:
    address = resolved("amqps://broker.example")
    assert address.port == 5671
    assert address.tls is not None
    assert address.tls.verify_mode == ssl.CERT_REQUIRED
    assert not address.tls.check_hostname
    assert str(address) == "amqps://broker.example:5671/"


def test_tls_options() -> None:
    address = resolved("amqp://broker", ssl={"server_hostname": None, "ciphers": "HIGH"})
    assert address.server_hostname == "broker"
    assert address.tls is not None
    assert address.tls.check_hostname
    unchecked = resolved("amqp://broker", ssl={"cert_reqs": ssl.CERT_NONE})
    assert unchecked.tls is not None
    assert unchecked.tls.verify_mode == ssl.CERT_NONE
    limited = {"tls_minimum_version": ssl.TLSVersion.TLSv1_3}
    made = resolved("amqp://broker", ssl=limited).tls
    assert made is not None
    assert made.minimum_version == ssl.TLSVersion.TLSv1_3
    context = resolved("amqp://broker", ssl={"context": {"check_hostname": True}}).tls
    assert context is not None
    assert context.check_hostname


def test_mistyped_tls_option() -> None:
    with pytest.raises(TypeError, match="ca_cert"):
        resolved("amqp://broker", ssl={"ca_cert": "x"})
