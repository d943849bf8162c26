import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.environment.masking import mask_text, mask_url


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("redis://localhost:6379/0", "redis://localhost:6379/0"),
        ("redis://:secret@localhost:6379/0", "redis://:***@localhost:6379/0"),
        ("rediss://user:secret@h/1?ssl_cert_reqs=none", "rediss://user:***@h/1?ssl_cert_reqs=none"),
        (
            "redis+socket://:secret@/tmp/s?virtual_host=1",
            "redis+socket://:***@/tmp/s?virtual_host=1",
        ),
        ("redis://:se@cr/et?@h:1/0", "redis://:***@h:1/0"),
        ("redis://h/0?password=secret&db=1", "redis://h/0?password=***&db=1"),
        ("redis://h/0?db=1&sentinel_password=secret", "redis://h/0?db=1&sentinel_password=***"),
        (
            "sentinel://:one;1@a:26379;sentinel://:two@b:26379",
            "sentinel://:***@a:26379;sentinel://:***@b:26379",
        ),
        ("embedded", "embedded"),
        ("", ""),
    ],
)
def test_passwords_are_masked_and_the_rest_stays(url: str, masked: str) -> None:
    assert mask_url(url) == masked


@given(st.text(min_size=1).map("pw-{}-pw".format))
def test_no_password_survives(password: str) -> None:
    assert password not in mask_url(f"redis://user:{password}@host:6379/0")


def test_addresses_inside_a_text_are_masked() -> None:
    text = "cannot connect to 'redis://:secret@h/0' (or amqp://u:p@h//); see http://docs/"
    assert mask_text(text) == (
        "cannot connect to 'redis://:***@h/0' (or amqp://u:***@h//); see http://docs/"
    )
