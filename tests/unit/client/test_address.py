import ssl
from typing import Any

import pytest
import redis

from orchestrator.client.address import RedisAddress, address_of


def of(url: str, **options: Any) -> RedisAddress:
    return address_of(redis.ConnectionPool.from_url(url, **options))


def test_tcp() -> None:
    address = of("redis://user:secret@example.test:6380/3", client_name="me")
    assert (address.host, address.port, address.db, address.path) == ("example.test", 6380, 3, None)
    assert address.credentials() == ("user", "secret")
    assert address.client_name == "me"
    assert str(address) == "redis://example.test:6380/3"
    assert "secret" not in repr(address)


def test_password_without_a_user_and_nothing_at_all() -> None:
    assert of("redis://:secret@localhost/0").credentials() == ("secret",)
    assert of("redis://localhost/0").credentials() == ()


def test_unix_socket() -> None:
    address = of("unix:///run/redis.sock?db=2")
    assert (address.path, address.db) == ("/run/redis.sock", 2)
    assert str(address) == "redis+socket:///run/redis.sock?virtual_host=2"


def test_timeouts_and_keepalive() -> None:
    address = of("redis://localhost/0", socket_connect_timeout=1.5, socket_keepalive=False)
    assert address.connect_timeout_s == 1.5
    assert address.keepalive is False


def test_tls_checks_by_default() -> None:
    address = of("rediss://localhost/0")
    assert address.tls is not None
    assert address.tls.verify_mode == ssl.CERT_REQUIRED
    assert str(address) == "rediss://localhost:6379/0"


@pytest.mark.parametrize("requirement", ["none", ssl.CERT_NONE])
def test_tls_without_checks(requirement: Any) -> None:
    address = of("rediss://localhost/0", ssl_cert_reqs=requirement, ssl_check_hostname=False)
    assert address.tls is not None
    assert address.tls.verify_mode == ssl.CERT_NONE
    assert address.tls.check_hostname is False


def test_tls_details() -> None:
    address = of(
        "rediss://localhost/0",
        ssl_check_hostname=False,
        ssl_min_version=ssl.TLSVersion.TLSv1_3,
        ssl_ciphers="ECDHE-RSA-AES256-GCM-SHA384",
    )
    assert address.tls is not None
    assert address.tls.check_hostname is False
    assert address.tls.minimum_version == ssl.TLSVersion.TLSv1_3
    names = {cipher["name"] for cipher in address.tls.get_ciphers()}
    assert "ECDHE-RSA-AES256-GCM-SHA384" in names


def test_missing_authority_file_is_an_error_of_the_system() -> None:
    with pytest.raises(OSError):
        of("rediss://localhost/0", ssl_ca_certs="/no/such/file.pem")


def test_credential_provider_is_asked_at_every_login() -> None:
    class Provider(redis.CredentialProvider):
        asked = 0

        def get_credentials(self) -> tuple[str, str]:
            self.asked += 1
            return ("user", f"token-{self.asked}")

    address = address_of(redis.ConnectionPool(credential_provider=Provider()))
    assert address.credentials() == ("user", "token-1")
    assert address.credentials() == ("user", "token-2")
