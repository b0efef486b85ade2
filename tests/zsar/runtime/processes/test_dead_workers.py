"""Processes that died are told in one line with a remedy; tests of commands whose workers are killed."""

import json
import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from zsar.lightning_modules.command_line.cli import main
from zsar.runtime.processes.dead_workers import died_of, explain_dead_worker, further_deaths_unsaid


class Killed(Dataset[int]):
    def __len__(self) -> int:  # noqa: D105
        return 4

    def __getitem__(self, index: int) -> int:  # noqa: D105
        os.kill(os.getpid(), signal.SIGKILL)
        return index


def test_a_killed_data_loader_worker_is_explained() -> None:
    with pytest.raises(RuntimeError) as died:
        list(DataLoader(Killed(), num_workers=1))
    said = explain_dead_worker(died.value)
    assert said is not None
    assert said.startswith("a decoding worker (process ")
    assert "use fewer workers (`--data.loading.n_workers`" in said
    assert "\n" not in said


def test_a_broken_pool_is_explained() -> None:
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(1, context) as pool, pytest.raises(BrokenProcessPool) as died:
        pool.submit(os._exit, 9).result()
    assert str(explain_dead_worker(died.value)).startswith("a worker process died")


@pytest.mark.parametrize(
    "text",
    [
        "[../third_party/gloo/gloo/transport/tcp/pair.cc:534] Connection closed by peer [127.0.0.1]:20086",
        "[enforce fail] Read error [127.0.0.1]:1: Connection reset by peer",
        "NCCL error: remote process exited or there was a network error",
    ],
)
def test_a_closed_connection_is_explained_also_as_the_cause_of_another_error(text: str) -> None:
    error = ValueError("while saving")
    error.__cause__ = RuntimeError(text)
    assert str(explain_dead_worker(error)).startswith("another process of this run has ended")


@pytest.mark.parametrize(
    "error", [ValueError("DataLoader worker"), RuntimeError("shape mismatch"), OSError("Broken pipe")]
)
def test_other_errors_are_not(error: Exception) -> None:
    assert explain_dead_worker(error) is None


def test_how_a_process_ended_is_said() -> None:
    assert died_of(12, 1, -9).startswith("process 12 (rank 1) was killed by signal 9, most often because memory")
    assert died_of(12, 1, 3).startswith("process 12 (rank 1) ended with exit status 3")


def test_a_second_death_does_not_interrupt_the_explanation_of_the_first() -> None:
    def raise_it(*_: object) -> None:
        raise RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed.")

    before = signal.signal(signal.SIGCHLD, raise_it)
    try:
        with further_deaths_unsaid():
            os.kill(os.getpid(), signal.SIGCHLD)
        with pytest.raises(RuntimeError, match="pid 7"):
            os.kill(os.getpid(), signal.SIGCHLD)
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_training_ends_with_a_line_and_the_last_epoch_is_kept(
    experiment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    killer = json.dumps([{"class_path": "tests.makers.command_line.killing.KillAWorker", "init_args": {"step": 4}}])
    options = ["--data.loading.n_workers", "1", "--trainer.callbacks", killer]
    assert main(["fit", "--config", str(experiment), *options]) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("zsar fit: error: a decoding worker (process ")
    assert torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)["global_step"] == 3


@pytest.fixture
def deadly_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has every worker that reads a video die; this process is spared."""
    own = os.getpid()

    def die(*_: object, **__: object) -> None:
        assert os.getpid() != own, "decoded in the main process"
        os.kill(os.getpid(), signal.SIGKILL)

    monkeypatch.setattr("zsar.datamodules.clip_dataset.EvaluationClips.__getitem__", die)


@pytest.mark.parametrize("command", ["validate", "test", "predict"])
@pytest.mark.usefixtures("deadly_decoding")
def test_so_do_the_other_commands(
    command: str, experiment: Path, video_tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--data.loading.n_workers", "1", "--data.predict", str(video_tree / "red dance"), "--ckpt_path", "none"]
    assert main([command, "--config", str(experiment), *options]) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"zsar {command}: error: a decoding worker (process ")
