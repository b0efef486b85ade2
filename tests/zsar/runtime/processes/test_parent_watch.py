"""A worker ends with its parent, even if that is killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.makers.command_line.live_processes import is_running, wait_until_gone

ROOT = Path(__file__).parents[4]

SCRIPT = """
import multiprocessing, sys, time
from zsar.runtime.processes.parent_watch import end_with_parent

def sleep(watches):
    if watches:
        end_with_parent()
    print("begun", flush=True)
    time.sleep(60)

if __name__ == "__main__":
    worker = multiprocessing.get_context("spawn").Process(target=sleep, args=(sys.argv[1] == "watches",))
    worker.start()
    print(worker.pid, flush=True)
    worker.join()
"""


@pytest.mark.parametrize("watches", [True, False])
def test_a_worker_ends_when_its_parent_is_killed(tmp_path: Path, watches: bool) -> None:
    (tmp_path / "script.py").write_text(f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n{SCRIPT}")
    command = [sys.executable, tmp_path / "script.py", "watches" if watches else "does not"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        assert parent.stdout.readline() == "begun\n"
        parent.kill()
    if watches:
        wait_until_gone([worker])
    else:  # it is the watch that ends it
        assert is_running(worker)
        os.kill(worker, signal.SIGKILL)


def test_a_process_that_was_not_started_by_another_has_nothing_to_watch() -> None:
    code = "from zsar.runtime.processes.parent_watch import end_with_parent; end_with_parent()"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "only a process that multiprocessing started can end with its parent" in done.stderr
