"""A process for each share; what they report, and what is said of one that fails or dies."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.makers.command_line.live_processes import wait_until_gone
from zsar.runtime.processes.reporting_processes import ProcessDiedError, WorkFailedError, reports_of

ROOT = Path(__file__).parents[4]


def counts(share: tuple[str, int]) -> Iterator[str]:
    name, n = share
    yield from (f"{name}{i}" for i in range(n))


def says_its_process(share: str) -> Iterator[int]:
    yield os.getpid()
    if share == "fails":
        raise ValueError("no such device")
    if share == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if share == "waits":
        signal.pause()


@pytest.mark.slow
def test_each_share_has_a_process_and_its_reports_keep_their_order() -> None:
    reports = list(reports_of(counts, [("a", 3), ("b", 0), ("c", 2)]))
    assert [report for report in reports if report[0] == "a"] == ["a0", "a1", "a2"]
    assert [report for report in reports if report[0] == "c"] == ["c0", "c1"]
    assert len(reports) == 5


def test_no_shares_have_no_reports() -> None:
    assert list(reports_of(counts, [])) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("share", "error", "said"),
    [("fails", WorkFailedError, "^no such device$"), ("dies", ProcessDiedError, r"exit status -9\)$")],
)
def test_a_process_that_fails_or_dies_ends_the_others(share: str, error: type[Exception], said: str) -> None:
    reports, pids = reports_of(says_its_process, ["waits", share]), []
    with pytest.raises(error, match=said) as raised:
        pids.extend(reports)
    wait_until_gone(pids)
    assert getattr(raised.value, "share", 1) == 1
    assert getattr(raised.value, "code", -signal.SIGKILL) == -signal.SIGKILL


@pytest.mark.slow
def test_who_looks_at_no_more_reports_ends_the_processes() -> None:
    reports = reports_of(says_its_process, ["waits", "waits"])
    pids = [next(reports), next(reports)]
    reports.close()
    wait_until_gone(pids)


@pytest.mark.slow
def test_the_processes_do_not_outlive_a_parent_that_is_killed() -> None:
    script = (
        "import os\n"
        "from tests.zsar.runtime.processes.test_reporting_processes import says_its_process\n"
        "from zsar.runtime.processes.reporting_processes import reports_of\n"
        "if __name__ == '__main__':\n"
        "    reports = reports_of(says_its_process, ['waits', 'waits'])\n"
        "    print(next(reports), next(reports), flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    pids = [int(pid) for pid in killed.stdout.split()]
    assert len(pids) == 2
    wait_until_gone(pids)
