import multiprocessing
import os
import signal
import subprocess
import sys
import time
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from zsar.lightning_modules.run_folders.run_lock import LOCK_NAME, is_first_process, locked

ROOT = Path(__file__).parents[3]
# Takes the lock, forks a process that outlives it, says so, and waits.
HOLDER = """
import os, sys, time
from pathlib import Path
from zsar.lightning_modules.run_folders.run_lock import locked
with locked(Path(sys.argv[1])):
    if os.fork() == 0:
        print("held", flush=True)  # by the child, which has let go of it by now
        time.sleep(60)
        os._exit(0)
    time.sleep(60)
"""


def test_a_folder_is_locked_for_a_while_and_nothing_is_left_behind(tmp_path: Path) -> None:
    for _ in range(2):
        with locked(tmp_path / "a" / "run"):
            assert (tmp_path / "a" / "run" / LOCK_NAME).is_file()
        assert not (tmp_path / "a" / "run").exists()
    (tmp_path / "kept").mkdir()
    with locked(tmp_path / "kept"):
        pass
    assert list((tmp_path / "kept").iterdir()) == []


def test_it_is_let_go_of_when_a_run_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), locked(tmp_path):
        raise RuntimeError
    with locked(tmp_path):
        pass


def test_the_second_run_is_refused_and_a_killed_one_holds_nothing_though_its_workers_live(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(ValueError, match=r"another run is writing into .*; wait until it ends"), locked(tmp_path):
            pass
        holder.kill()
        holder.wait()
        with locked(tmp_path):
            pass
    finally:
        os.killpg(holder.pid, signal.SIGKILL)


def takes_it(folder: Path, start: Event, taken: "multiprocessing.Queue[bool]") -> None:
    start.wait()
    try:
        with locked(folder):
            taken.put(True)
            time.sleep(0.5)
    except ValueError:
        taken.put(False)


def test_of_several_that_start_at_once_one_has_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    start, taken = context.Event(), context.Queue()
    processes = [context.Process(target=takes_it, args=(tmp_path, start, taken)) for _ in range(8)]
    for process in processes:
        process.start()
    start.set()
    results = [taken.get(timeout=30) for _ in processes]
    for process in processes:
        process.join()
    assert results.count(True) == 1


@pytest.mark.parametrize("name", ["LOCAL_RANK", "RANK", "SLURM_PROCID", "NODE_RANK"])
def test_further_processes_of_a_run_do_not_take_it(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with locked(tmp_path):
        monkeypatch.setenv(name, "1")
        assert not is_first_process()
        with locked(tmp_path):
            pass
        assert (tmp_path / LOCK_NAME).is_file()
        monkeypatch.setenv(name, "0")
        assert is_first_process()
