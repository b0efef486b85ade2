import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.makers.files.range_server import Fault, RangeServer, range_server
from zsar.runtime.shards import remote_ranges
from zsar.runtime.shards.remote_ranges import read_remote_file, read_remote_range

CONTENT = bytes(range(256)) * 4


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RangeServer]:
    """A server of one file, and waits of milliseconds."""
    monkeypatch.setattr(remote_ranges, "_FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr(remote_ranges, "_FIRST_BYTE_SECONDS", 0.2)
    (tmp_path / "a.tar").write_bytes(CONTENT)
    with range_server(tmp_path) as running:
        yield running


def test_only_the_range_is_asked_for(server: RangeServer) -> None:
    assert read_remote_range(f"{server.url}/a.tar", 100, 50) == CONTENT[100:150]
    assert read_remote_range(f"{server.url}/a.tar", 1000, 24) == CONTENT[1000:]
    assert read_remote_range(f"{server.url}/a.tar", 5, 0) == b""
    assert server.requests == [("/a.tar", "bytes=100-149"), ("/a.tar", "bytes=1000-1023")]
    assert read_remote_file(f"{server.url}/a.tar") == CONTENT


@pytest.mark.parametrize("fault", ["status 503", "hang up", "half", "stall"])
def test_a_server_that_fails_now_and_then_is_asked_again(server: RangeServer, fault: Fault) -> None:
    server.faults = [fault, fault]
    assert read_remote_range(f"{server.url}/a.tar", 0, 700) == CONTENT[:700]
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("fault", "cause", "n_requests"),
    [
        ("status 503", "status 503 (5 attempts)", 5),
        ("status 403", "status 403;", 1),
        ("whole", "the server ignores ranges", 1),
    ],
)
def test_attempts_have_a_limit(server: RangeServer, fault: Fault, cause: str, n_requests: int) -> None:
    server.later = fault
    address = f"{server.url}/a.tar"
    with pytest.raises(ConnectionError, match=f"^{re.escape(f'{address}: {cause}')}.*check the address") as failed:
        read_remote_range(address, 0, 700)
    assert "\n" not in str(failed.value)
    assert len(server.requests) == n_requests


def test_a_server_that_stalls_for_good_is_left_in_time(server: RangeServer) -> None:
    server.later, server.stall_seconds = "stall", 30.0
    before = time.monotonic()
    with pytest.raises(ConnectionError, match=r"no answer in time \(5 attempts\)"):
        read_remote_range(f"{server.url}/a.tar", 0, 700)
    assert time.monotonic() - before < 10


def test_what_is_not_there_and_what_cannot_be_opened_is_said_at_once(server: RangeServer, tmp_path: Path) -> None:
    with pytest.raises(ConnectionError, match="gone.tar: there is no such file; check"):
        read_remote_range(f"{server.url}/gone.tar", 0, 1)
    assert len(server.requests) == 1
    with pytest.raises(ConnectionError, match=r"(Protocol not known|not known).*nothing"):
        read_remote_range("nothing://a/b.tar", 0, 1)
    assert read_remote_range(f"file://{tmp_path}/a.tar", 3, 4) == CONTENT[3:7]  # what fsspec reads synchronously


def test_a_range_beyond_the_end_is_no_shorter_answer(server: RangeServer) -> None:
    with pytest.raises(ConnectionError, match="24 of 100 bytes from 1000 on were sent"):
        read_remote_range(f"{server.url}/a.tar", 1000, 100)
