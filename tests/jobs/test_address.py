"""Where the job Redis may be: nothing goes over a network in the clear, and no password is shown."""

from pathlib import Path

import pytest

from marmalade_sc.errors import SettingsError
from marmalade_sc.jobs.address import Address
from marmalade_sc.settings.load import load
from marmalade_sc.settings.places import Places


def address(url: str, tmp_path: Path) -> Address:
    return Address.of(Places.find(tmp_path, {}), load(None, {}, {"jobs.redis": url}))


def test_without_a_setting_it_is_our_own(tmp_path: Path) -> None:
    found = address("", tmp_path)
    assert found.is_own
    assert found.socket == Places.find(tmp_path, {}).jobs_socket


@pytest.mark.parametrize(
    "url",
    [
        "redis://render.example:6379",
        "rediss://render.example:6379",
        "rediss://",
        "http://localhost",
        "localhost:6379",
        "rediss://u:p@host:notaport",
        "redis://[::2]:6379",
    ],
)
def test_what_is_no_safe_address_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="jobs.redis"):
        address(url, tmp_path)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rediss://worker:secret@render.example:6380/0", "rediss://render.example:6380"),
        ("rediss://worker:secret@render.example", "rediss://render.example:6379"),
        ("redis://:secret@127.0.0.1:7000", "redis://127.0.0.1:7000"),
    ],
)
def test_a_password_is_never_shown(url: str, shown: str, tmp_path: Path) -> None:
    found = address(url, tmp_path)
    assert not found.is_own
    assert found.shown == shown
