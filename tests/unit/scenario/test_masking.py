import pytest

from orchestrator.scenario.masking import mask_text, masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("redis://:secret@host:6379/0", "redis://:***@host:6379/0"),
        ("not a URL: redis://u:se@cret@h/0 it is", "not a URL: redis://u:***@h/0 it is"),
        ("redis://host/0?password=x&db=1", "redis://host/0?password=***&db=1"),
        ("redis://host:6379/0", "redis://host:6379/0"),
        ("no address: a@b", "no address: a@b"),
    ],
)
def test_passwords_of_urls_are_hidden(text: str, shown: str) -> None:
    assert mask_text(text) == shown


def test_plain_data_is_masked_by_value_and_by_key() -> None:
    data = {
        "target": {
            "broker": "redis://:pw@h/0",
            "settings": {"redis_password": "x", "a": [1, None]},
        },
        "env": {"API_TOKEN": "t", "PATH": "/bin"},
    }
    assert masked(data) == {
        "target": {
            "broker": "redis://:***@h/0",
            "settings": {"redis_password": "***", "a": [1, None]},
        },
        "env": {"API_TOKEN": "***", "PATH": "/bin"},
    }
