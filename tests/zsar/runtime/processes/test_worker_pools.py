"""Pools of fresh processes: what they give, what a crash costs, and how they end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from tests.makers.command_line.live_processes import wait_until_gone
from zsar.runtime.processes.worker_pools import results_of

ROOT = Path(__file__).parents[4]
DIED = -1


def tenfold(job: int) -> int:
    return 10 * job


def dies_of_three(job: int) -> int:
    """Stands for a segmentation fault."""
    if job == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return 10 * job


def fails_of_three(job: int) -> int:
    if job == 3:
        raise ValueError("three")
    return job


def how_it_is_set(job: int) -> tuple[int, bool, bool]:
    """Threads of torch, whether Ctrl-C is ignored, whether it is another process than that of the test."""
    return torch.get_num_threads(), signal.getsignal(signal.SIGINT) is signal.SIG_IGN, os.getpid() != job


def notes_its_process(folder: str) -> None:
    """Writes down its process; takes long unless it is the first."""
    Path(folder, f"{os.getpid()}.pid").touch()
    if Path(folder).name != "0":
        time.sleep(60)


def test_without_workers_the_jobs_are_done_here_in_their_order() -> None:
    assert list(results_of(tenfold, [3, 1, 3], n_workers=0, if_died=DIED)) == [(3, 30), (1, 10), (3, 30)]
    (((_, _, elsewhere)),) = (result for _, result in results_of(how_it_is_set, [os.getpid()], n_workers=0, if_died=0))
    assert not elsewhere


def test_no_jobs_have_no_results_and_begin_no_process() -> None:
    assert list(results_of(tenfold, [], n_workers=2, if_died=DIED)) == []


@pytest.mark.slow
def test_workers_do_what_one_process_does() -> None:
    assert dict(results_of(tenfold, range(9), n_workers=2, if_died=DIED)) == {job: 10 * job for job in range(9)}


@pytest.mark.slow
def test_a_worker_is_fresh_has_one_thread_and_leaves_ctrl_c_to_its_parent() -> None:
    jobs = [os.getpid()]
    assert list(results_of(how_it_is_set, jobs, n_workers=1, if_died=None)) == [(jobs[0], (1, True, True))]


@pytest.mark.slow
@pytest.mark.parametrize("n_workers", [1, 2])
def test_a_job_that_kills_its_process_is_named_and_the_others_are_done(n_workers: int) -> None:
    jobs = [1, 3, 2, 3, 5, 6]
    results = list(results_of(dies_of_three, jobs, n_workers=n_workers, if_died=DIED, n_ahead=3))
    assert sorted(results) == [(1, 10), (2, 20), (3, DIED), (3, DIED), (5, 50), (6, 60)]


@pytest.mark.slow
def test_an_error_of_the_work_is_raised_here_and_is_no_crash() -> None:
    with pytest.raises(ValueError, match="^three$"):
        list(results_of(fails_of_three, range(20), n_workers=2, if_died=DIED))


@pytest.mark.slow
def test_workers_do_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import os, sys, time\n"
        "from tests.zsar.runtime.processes.test_worker_pools import notes_its_process\n"
        "from zsar.runtime.processes.worker_pools import results_of\n"
        "if __name__ == '__main__':\n"
        "    results = results_of(notes_its_process, sys.argv[1:], n_workers=2, if_died=None)\n"
        "    next(results)\n"
        "    while len([f for p in sys.argv[1:] for f in os.listdir(p)]) < 3: time.sleep(0.1)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    for folder in "012":
        (tmp_path / folder).mkdir()
    folders = [str(tmp_path / folder) for folder in "012"]
    killed = subprocess.run([sys.executable, "-c", script, *folders], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    workers = {int(path.stem) for path in tmp_path.glob("*/*.pid")}
    assert len(workers) == 2
    wait_until_gone(workers)
