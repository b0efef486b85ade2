"""Signals are exceptions with an exit status."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from zsar.runtime.processes.stopping import Stopped, stops_by

ROOT = Path(__file__).parents[4]


@pytest.mark.parametrize(
    ("signum", "status", "name"), [(signal.SIGTERM, 143, "SIGTERM"), (signal.SIGINT, 130, "Ctrl-C")]
)
def test_a_signal_ends_the_block_with_its_status(signum: int, status: int, name: str) -> None:
    before = signal.getsignal(signum)
    with pytest.raises(Stopped, match=f"^stopped by {name}$") as stopped, stops_by(signum):
        os.kill(os.getpid(), signum)
    assert stopped.value.status == status
    assert signal.getsignal(signum) is before


def test_it_is_not_caught_by_those_who_catch_errors() -> None:
    assert not issubclass(Stopped, Exception)
    assert str(Stopped(signal.SIGTERM, "to go on: zsar fit")) == "stopped by SIGTERM; to go on: zsar fit"


def test_a_signal_that_the_environment_ignores_is_ignored_still() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with stops_by(signal.SIGTERM):
            os.kill(os.getpid(), signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_forked_workers_die_of_sigterm_as_ever_and_leave_ctrl_c_to_their_parent() -> None:
    code = (
        "import os, signal, time\n"
        "from zsar.runtime.processes.stopping import stops_by\n"
        "with stops_by(signal.SIGTERM, signal.SIGINT):\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        os.kill(os.getpid(), signal.SIGINT); os.kill(os.getpid(), signal.SIGTERM); os._exit(7)\n"
        "    print(os.waitpid(child, 0)[1])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"{int(signal.SIGTERM)}\n", "")
