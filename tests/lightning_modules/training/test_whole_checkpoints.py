"""Checkpoints are whole or not there, and nothing that a file holds is run, whatever command it is given to."""

import ast
import errno
import os
import pickle
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError
from zsar.lightning_modules.training.whole_checkpoints import WholeCheckpointIO

ROOT = Path(__file__).parents[3]


def step_of(path: Path) -> int:
    return int(torch.load(path, weights_only=True)["global_step"])


# --- whole or not there -----------------------------------------------------------------------------------------------


def test_a_checkpoint_is_saved_and_loaded(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "last.ckpt"
    WholeCheckpointIO().save_checkpoint({"a": torch.arange(3), "b": [1, "x"]}, path)
    content = WholeCheckpointIO().load_checkpoint(path, weights_only=False)
    torch.testing.assert_close(content["a"], torch.arange(3))
    assert content["b"] == [1, "x"]
    assert [file.name for file in path.parent.iterdir()] == ["last.ckpt"]


def test_a_run_killed_while_it_saves_keeps_the_old_checkpoint_and_the_next_run_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    WholeCheckpointIO().save_checkpoint({"a": torch.zeros(1000)}, path)
    code = (
        "import os, signal, sys, torch, zsar.runtime.files.whole_files as w\n"
        "from zsar.lightning_modules.training.whole_checkpoints import WholeCheckpointIO\n"
        "w._sync = lambda path: os.kill(os.getpid(), signal.SIGKILL)\n"
        "WholeCheckpointIO().save_checkpoint({'a': torch.ones(1000)}, sys.argv[1])\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL
    assert sorted(file.name for file in tmp_path.iterdir()) == [".last.unfinished.ckpt", "last.ckpt"]
    torch.testing.assert_close(WholeCheckpointIO().load_checkpoint(path)["a"], torch.zeros(1000))
    WholeCheckpointIO().save_checkpoint({"a": torch.ones(1000)}, path)
    assert [file.name for file in tmp_path.iterdir()] == ["last.ckpt"]


def test_a_full_disk_is_one_line_and_the_newest_whole_checkpoint_stays(
    experiment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = tmp_path / "run" / "checkpoints"
    original = Path.write_bytes

    def write(self: Path, data: Any) -> int:
        if self.suffix != ".ckpt" or not (checkpoints / "best.ckpt").exists():
            return original(self, data)
        with self.open("wb") as file:
            file.write(bytes(data)[:1000])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", write)
    assert main(["fit", "--config", str(experiment), "--trainer.max_epochs", "3"]) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("zsar fit: error: ")
    assert "last.ckpt could not be written: No space left on device (the old file is unchanged)" in said
    assert sorted(file.name for file in checkpoints.iterdir()) == ["best.ckpt", "last.ckpt"]
    assert (step_of(checkpoints / "best.ckpt"), step_of(checkpoints / "last.ckpt")) == (3, 3)


def test_a_file_that_may_not_grow_is_one_line_too(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    WholeCheckpointIO().save_checkpoint({"a": torch.zeros(10)}, path)
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, old[1]))
    try:
        with pytest.raises(OSError, match="last.ckpt could not be written: File too large"):
            WholeCheckpointIO().save_checkpoint({"a": torch.zeros(1_000_000)}, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    torch.testing.assert_close(WholeCheckpointIO().load_checkpoint(path)["a"], torch.zeros(10))


def test_once_there_is_a_best_checkpoint_there_always_is_one(
    experiment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    best, steps = tmp_path / "run" / "checkpoints" / "best.ckpt", []
    scores = iter((10.0, 20.0, 30.0, 40.0))

    def watched(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event in ("os.remove", "os.rename", "open") and str(arguments[0]).startswith(str(best.parent)):
            there.append(best.exists())
            if there[-1]:
                steps.append(step_of(best)) if event == "os.rename" else None

    there: list[bool] = []
    watching = True
    sys.addaudithook(watched)
    monkeypatch.setattr(
        "zsar.lightning_modules.recognition.recognizer.ActionRecognizer._log_evaluation",
        lambda self, stage: None if self.trainer.sanity_checking else self.log("val/top1", next(scores)),
    )
    try:
        assert main(["fit", "--config", str(experiment), "--trainer.max_epochs", "3"]) == 0
    finally:
        watching = False
    assert all(there[there.index(True) :])
    assert sorted(set(steps)) == [3, 6, 9]  # each was whole when a file was next replaced
    assert step_of(best) == 9


# --- nothing that a file holds is run ---------------------------------------------------------------------------------


class Command:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:  # noqa: D105
        return Path.touch, (self._path,)


def evil_files(tmp_path: Path) -> dict[str, Path]:
    marker = tmp_path / "was-run"
    files = {name: tmp_path / name for name in ("evil.ckpt", "evil.pkl", "evil.yaml")}
    torch.save({"state_dict": {}, "zsar": Command(marker), "model": Command(marker)}, files["evil.ckpt"])
    files["evil.pkl"].write_bytes(pickle.dumps({"state_dict": Command(marker)}))
    files["evil.yaml"].write_text(f"!!python/object/apply:os.mknod [{marker}]\n")
    return files


NAMES = ("--classes", "red dance, green dance")
TAKERS = {
    "fit --ckpt_path": ("fit", "--config", "{experiment}", "--ckpt_path", "{file}"),
    "validate --ckpt_path": ("validate", "--config", "{experiment}", "--ckpt_path", "{file}"),
    "test --ckpt_path": ("test", "--config", "{experiment}", "--ckpt_path", "{file}"),
    "predict --ckpt_path": (
        "predict",
        "--config",
        "{experiment}",
        "--data.predict",
        "{videos}",
        "--ckpt_path",
        "{file}",
    ),
    "fit --model.backbone.weights": ("fit", "--config", "{experiment}", "--model.backbone.weights", "{file}"),
    "fit --config": ("fit", "--config", "{file}"),
    "classify --checkpoint": ("classify", "{videos}", *NAMES, "--checkpoint", "{file}"),
    "classify --weights": ("classify", "{videos}", *NAMES, "--architecture", "tiny-clip", "--weights", "{file}"),
    "localize --weights": ("localize", "{videos}", *NAMES, "--architecture", "tiny-coca", "--weights", "{file}"),
    "extract --weights": (
        *("extract", "{videos}", "--output", "{folder}/features", "--architecture", "tiny-clip"),
        *("--weights", "{file}"),
    ),
    "convert": ("convert", "{file}", "--output", "{folder}/converted.ckpt"),
    "doctor --config": ("doctor", "--config", "{file}"),
}


@pytest.mark.parametrize("suffix", ["ckpt", "pkl", "yaml"])
@pytest.mark.parametrize("taker", TAKERS)
def test_no_command_runs_what_a_file_says(
    taker: str, suffix: str, experiment: Path, video_tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = evil_files(tmp_path)[f"evil.{suffix}"]
    places = {"experiment": experiment, "file": file, "videos": video_tree, "folder": tmp_path}
    try:
        status = main([argument.format(**places) for argument in TAKERS[taker]])
    except SystemExit as stop:  # a wrong command line
        status = int(stop.code or 0)
    assert status in (1, 2)
    assert not (tmp_path / "was-run").exists()
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert f"evil.{suffix}" in said or taker.endswith("--config")


def test_starting_from_a_file_does_not_run_it(tmp_path: Path) -> None:
    from zsar.lightning_modules.recognition.loading import load_recognizer

    for file in evil_files(tmp_path).values():
        with pytest.raises(CheckpointError):
            load_recognizer(file)
        with pytest.raises(CheckpointError):
            WholeCheckpointIO().load_checkpoint(file, weights_only=False)
    assert not (tmp_path / "was-run").exists()


def test_every_reader_of_the_product_reads_plain_types_only() -> None:
    """`torch.load` without `weights_only=True`, `pickle`, `yaml.load`, `numpy` with pickles: none of them anywhere."""
    found = []
    for package in ("zsar", "lightning_modules", "datamodules", "callbacks"):
        for path in sorted((ROOT / package).rglob("*.py")):
            found += [f"{path.relative_to(ROOT)}:{line}" for line in unsafe_reads(path.read_text())]
    assert found == []


def test_the_rule_above_sees_the_ways_of_reading() -> None:
    for code in ("torch.load(p)", "torch.load(p, weights_only=False)", "import pickle", "from joblib import load"):
        assert unsafe_reads(code) == [1]
    for code in ("yaml.load(f, yaml.Loader)", "np.load(p, allow_pickle=True)", "eval(text)", "exec(text)"):
        assert unsafe_reads(code) == [1]
    for code in ("torch.load(p, weights_only=True)", "yaml.safe_load(f)", "json.loads(t)", "model.eval()"):
        assert unsafe_reads(code) == []


def unsafe_reads(source: str) -> list[int]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            if {name.split(".")[0] for name in names} & {
                "pickle",
                "dill",
                "cloudpickle",
                "joblib",
                "shelve",
                "marshal",
            }:
                found.append(node.lineno)
        elif isinstance(node, ast.Call):
            settings = {k.arg: isinstance(k.value, ast.Constant) and k.value.value for k in node.keywords}
            name = ast.unparse(node.func)
            is_unsafe = name in ("eval", "exec", "yaml.load", "yaml.unsafe_load", "yaml.full_load")
            is_unsafe |= name == "torch.load" and settings.get("weights_only") is not True
            if is_unsafe or settings.get("allow_pickle"):
                found.append(node.lineno)
    return found
