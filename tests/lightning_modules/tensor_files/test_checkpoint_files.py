import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.makers.command_line.one_line import assert_one_line_error
from tests.makers.files.hostile_files import checkpoint_of, hostile_files
from zsar.datamodules.video_files.writing.encoding import write_video
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.recognition.loading import load_recognizer
from zsar.lightning_modules.t2l.t2l import T2L
from zsar.lightning_modules.tensor_files.checkpoint_files import (
    CheckpointError,
    check_entries,
    read_checkpoint,
    read_plain,
)
from zsar.lightning_modules.training.checkpoints import start_from_checkpoint


@pytest.fixture(scope="module")
def model(tiny_weights: Path) -> T2L:
    return T2L(backbone=TrainedClipSettings("tiny-clip", str(tiny_weights)), n_frames=4).eval()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, model: T2L) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("hostile")
    return hostile_files(folder, folder / "was-run", model)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "v.mp4"
    write_video(path, np.zeros((8, 32, 32, 3), np.uint8), frames_per_second=8)
    return path


def test_a_whole_checkpoint_is_read(tmp_path: Path, model: T2L) -> None:
    torch.save(checkpoint_of(model), tmp_path / "a.ckpt")
    assert read_checkpoint(tmp_path / "a.ckpt")["zsar"]["architecture"] == "tiny-clip"
    assert isinstance(load_recognizer(tmp_path / "a.ckpt"), T2L)


def test_every_entry_is_checked_by_name(model: T2L) -> None:
    good = checkpoint_of(model)
    for entry in ("class_path", "init_args", "architecture", "backbone_hash"):
        for value in (None, 5, [1]):
            changed = {**good, "zsar": {**good["zsar"], entry: value}}
            with pytest.raises(
                CheckpointError, match=rf"x\.ckpt is not a complete zsar checkpoint: its entry zsar\.{entry}"
            ):
                check_entries(changed, "x.ckpt", of_model=True)
    for entry in ("epoch", "global_step", "loops", "callbacks", "optimizer_states", "lr_schedulers"):
        with pytest.raises(CheckpointError, match=rf"its entry {entry} is of the type str"):
            check_entries({**good, entry: "text"}, "x.ckpt")
    with pytest.raises(CheckpointError, match="its entry global_step is -1"):
        check_entries({**good, "global_step": -1}, "x.ckpt")


@pytest.mark.parametrize("read", [read_plain, read_checkpoint, load_recognizer, start_from_checkpoint])
def test_no_reader_raises_anything_else_or_runs_a_file(
    read: Callable[..., Any], files: dict[str, Path], model: T2L, capfd: pytest.CaptureFixture[str]
) -> None:
    refused = 0
    for path in files.values():
        arguments = (model, path) if read is start_from_checkpoint else (path,)
        with contextlib.suppress(CheckpointError):
            read(*arguments)
            refused -= 1
        refused += 1
    assert refused >= len(files) // 2
    assert not (files["calls"].parent / "was-run").exists()
    assert "was run" not in capfd.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("command", ["checkpoint", "weights", "convert", "convert --skip-objects"])
def test_every_command_says_one_line_of_every_file(
    command: str, files: dict[str, Path], video: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for path in files.values():
        verb, *options = command.split()
        if verb == "convert":
            arguments = ["convert", str(path), *options, "--output", str(tmp_path / "out.ckpt")]
        else:
            arguments = ["classify", str(video), "--classes", "a, b", "--device", "cpu", f"--{verb}", str(path)]
            arguments += ["--architecture", "tiny-clip"] if verb == "weights" else []
        assert main(arguments) == 1
        printed = capfd.readouterr()
        assert_said(printed.err, arguments[0], path)
        assert printed.out == ""
    assert not (files["calls"].parent / "was-run").exists()
    assert "subprocess" in sys.modules  # which any program has; that of a file is never called


def assert_said(said: str, command: str, path: Path) -> None:
    lines = [line for line in said.splitlines() if line.startswith("zsar")]
    assert len(lines) == 1
    assert lines[0].startswith(f"zsar {command}: error: ")
    assert path.name in lines[0]
    assert "Traceback" not in said
    assert "weights_only" not in said


@pytest.mark.parametrize("class_path", ["subprocess.Popen", "os.system", "builtins.eval", "recorder_of_imports.Thing"])
def test_the_class_of_a_checkpoint_is_not_imported(
    class_path: str, tmp_path: Path, model: T2L, video: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    (tmp_path / "recorder_of_imports.py").write_text("class Thing: ...")
    monkeypatch.syspath_prepend(str(tmp_path))
    torch.save(checkpoint_of(model, class_path=class_path), tmp_path / "a.ckpt")
    assert main(["classify", str(video), "--classes", "a, b", "--checkpoint", str(tmp_path / "a.ckpt")]) == 1
    said = capsys.readouterr().err.strip()
    assert_one_line_error(said, "classify", ["a.ckpt is not loaded", f"{class_path} may not be named"])
    assert "recorder_of_imports" not in sys.modules


def test_what_the_settings_of_a_checkpoint_name_is_not_imported(
    tmp_path: Path, model: T2L, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "recorder_of_imports.py").write_text("class Thing: ...")
    monkeypatch.syspath_prepend(str(tmp_path))
    content = checkpoint_of(model)
    for name in content["zsar"]["init_args"]:
        arguments = {**content["zsar"]["init_args"], name: {"class_path": "recorder_of_imports.Thing"}}
        torch.save(checkpoint_of(model, init_args=arguments), tmp_path / "a.ckpt")
        with contextlib.suppress(Exception):
            load_recognizer(tmp_path / "a.ckpt")
        assert "recorder_of_imports" not in sys.modules
