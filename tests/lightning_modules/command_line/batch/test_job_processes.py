from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from zsar.lightning_modules.command_line.batch.expansion import Job
from zsar.lightning_modules.command_line.batch.job_processes import files_of, run_jobs

VERSION, WRONG = ("zsar", "--version"), ("zsar", "nothing")


def jobs(*commands: tuple[tuple[str, ...], ...]) -> list[Job]:
    return [Job(1, {"number": str(number)}, of_job) for number, of_job in enumerate(commands)]


def test_jobs_run_side_by_side_and_a_failure_is_named_while_others_are_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    three = jobs((VERSION,), (VERSION, WRONG, VERSION), (VERSION,))
    (failure,) = run_jobs(three, tmp_path, n_at_a_time=2, threads=1, overwrite=False)
    assert (failure.job.name, failure.command) == ("number=1", "zsar nothing")
    log = files_of(three[1], tmp_path).log
    assert failure.how == f"ended with status 2; log: {log}"
    assert "there is no command 'nothing'" in log.read_text()
    printed = capsys.readouterr()
    assert "number=0: done in" in printed.out
    assert "number=2: done in" in printed.out
    assert "number=1: failed, zsar nothing ended with status 2" in printed.err


def test_what_has_ended_well_is_not_run_again_unless_it_is_to_be_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (one,) = jobs((VERSION,))
    for overwrite, said in ((False, "number=0: 1 of 1 commands"), (False, "done before"), (True, "1 of 1 commands")):
        assert run_jobs([one], tmp_path, n_at_a_time=2, threads=None, overwrite=overwrite) == []
        assert said in capsys.readouterr().out
    assert not files_of(one, tmp_path).log.exists()  # a single job prints to the terminal


@pytest.mark.slow
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_job_outlives_its_sweep(signum: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "sweep.yaml").write_text(
        f"folder: {tmp_path}\njobs: 2\nvariables: {{seed: [0, 1]}}\nsteps:\n  - each: [seed]\n    commands:\n"
        f"      - zsar pretrain-tiny --seed {{seed}} --output {tmp_path}/{{seed}}.pt --steps 100000\n"
    )
    sweep = subprocess.Popen(
        [sys.executable, "-m", "zsar", "batch", str(tmp_path / "sweep.yaml")], start_new_session=True
    )
    try:
        logs = [tmp_path / "batch" / f"step1_seed={seed}.log" for seed in (0, 1)]
        until = time.monotonic() + 120
        while not all(log.exists() and log.stat().st_size for log in logs):
            assert time.monotonic() < until
            assert sweep.poll() is None
            time.sleep(0.1)
        sweep.send_signal(signum)
        assert sweep.wait(60) == {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}[signum]
        while _processes_of(tmp_path):
            assert time.monotonic() < until, "a job is still there"
            time.sleep(0.1)
    finally:
        sweep.kill()  # its jobs end with it


def _processes_of(folder: Path) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(folder) in words and int(process.name) != os.getpid():
            found.append(words)
    return found
