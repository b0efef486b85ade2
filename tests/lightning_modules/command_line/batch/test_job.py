from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from zsar.lightning_modules.command_line.batch import job
from zsar.runtime.processes.stopping import Stopped, stops_by


def test_a_job_ends_when_the_process_of_its_sweep_does(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()

    def run(arguments: list[str]) -> int:
        assert arguments == ["batch", "commands.txt", "--record", "record.jsonl"]
        os.close(writing)  # as the death of the sweep does
        with stops_by(signal.SIGTERM):
            time.sleep(30)
        return 0

    monkeypatch.setattr(job.cli, "main", run)
    with open(reading) as stdin, stops_by(signal.SIGTERM):
        monkeypatch.setattr("sys.stdin", stdin)
        with pytest.raises(Stopped):
            job.main(["commands.txt", "record.jsonl"])


def test_a_job_runs_its_commands_and_records_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, _writing = os.pipe()
    (tmp_path / "commands.txt").write_text("zsar --version\nzsar nothing\n")
    monkeypatch.setattr("sys.stdin", os.fdopen(reading, closefd=False))  # the job's thread waits for its end for good
    assert job.main([str(tmp_path / "commands.txt"), str(tmp_path / "record.jsonl")]) == 2
    assert len((tmp_path / "record.jsonl").read_text().splitlines()) == 1
