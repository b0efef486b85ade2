import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from tests.makers.command_line.runs_on_disk import save_checkpoint
from zsar.lightning_modules.clip.clip import FineTunedCLIP, ZeroShotCLIP
from zsar.lightning_modules.command_line.model_kinds import KINDS
from zsar.lightning_modules.localization.frame_wise import FrameWiseCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.run_folders.requested_checkpoint import (
    CheckpointSummary,
    read_summary,
    requested_checkpoint,
    what_is_left,
)
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError

ROOT = Path(__file__).parents[3]
EXPERIMENTS = sorted((ROOT / "configs" / "experiment").glob("*.yaml"))


@cache
def trainings() -> dict[str, dict[str, Any]]:
    """What the experiments write, by their run folders; read once for all of them."""
    return {str(e.get("run_dir")): e for e in (yaml.safe_load(path.read_text()) for path in EXPERIMENTS)}


def requested(given: str | None, folder: Path, **changes: Any) -> Path | None:
    settings: dict[str, Any] = {"command": "test", "folder": folder, "model": FineTunedCLIP, "start_from": None}
    return requested_checkpoint(given, **{**settings, **changes})


@pytest.mark.parametrize("command", ["fit", "validate", "test", "predict"])
def test_keywords_are_of_the_run_and_none_is_none(tmp_path: Path, command: str) -> None:
    for name in ("weight_mean", "best", "last"):
        save_checkpoint(tmp_path / f"{name}.ckpt")
        assert requested(name, tmp_path, command=command) == tmp_path / f"{name}.ckpt"
    assert requested("none", tmp_path, command=command) is None
    assert requested(None, tmp_path, command="fit") is None


def test_a_test_takes_the_mean_of_epochs_before_the_best_and_the_best_before_the_last(tmp_path: Path) -> None:
    for name in ("last", "best", "weight_mean"):
        save_checkpoint(tmp_path / f"{name}.ckpt")
        assert requested(None, tmp_path) == tmp_path / f"{name}.ckpt"


def test_a_training_resumes_from_its_last_checkpoint_if_there_is_one(tmp_path: Path) -> None:
    assert requested("resume", tmp_path, command="fit") is None
    save_checkpoint(tmp_path / "best.ckpt")
    assert requested("resume", tmp_path, command="fit") is None
    save_checkpoint(tmp_path / "last.ckpt")
    assert requested("resume", tmp_path, command="fit") == tmp_path / "last.ckpt"
    with pytest.raises(
        ValueError, match="--ckpt_path resume resumes a training, but this is `zsar test`; leave it out"
    ):
        requested("resume", tmp_path, command="test")


def test_a_file_that_is_not_there_is_answered_with_what_is_there(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "last.ckpt")
    save_checkpoint(tmp_path / ".last.unfinished.ckpt")
    with pytest.raises(FileNotFoundError, match=r"there is no checkpoint .*best.ckpt; .* holds last.ckpt$"):
        requested("best", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"gone/x.ckpt; .*gone holds no checkpoint$"):
        requested(str(tmp_path / "gone" / "x.ckpt"), tmp_path)
    with pytest.raises(ValueError, match=r"is a folder, which holds last.ckpt; give a file"):
        requested(str(tmp_path), tmp_path)


def test_what_training_starts_from_is_named_and_not_taken_as_trained(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "epoch_3.ckpt")
    with pytest.raises(ValueError, match=r"neither best.ckpt nor last.ckpt, but epoch_3.ckpt: .*--ckpt_path k400.ckpt"):
        requested(None, tmp_path, start_from="k400.ckpt")


@pytest.mark.parametrize("model", [ZeroShotCLIP, FrameWiseCLIP])
def test_what_is_not_trained_has_no_checkpoint(tmp_path: Path, model: type) -> None:
    assert requested(None, tmp_path, model=model) is None
    with pytest.raises(ValueError, match=f"{model.__name__} is not trained"):
        requested("best", tmp_path, model=model)


def subclasses(base: type) -> set[type]:
    return {base}.union(*(subclasses(child) for child in base.__subclasses__()))


@pytest.mark.parametrize(
    "model",
    sorted(
        (
            m
            for b in KINDS["model"].values()
            for m in subclasses(b)
            if m.__module__.startswith("zsar.lightning_modules.")
        ),
        key=lambda model: model.__name__,
    ),
)
def test_a_model_is_called_trained_if_it_has_trained_parameters(model: Any, tiny_weights: Path) -> None:
    if model.__init__.__kwdefaults__ is None or "backbone" not in model.__init__.__kwdefaults__:
        return  # a base class
    built = model(backbone=TrainedClipSettings("tiny-clip", str(tiny_weights)))
    assert model.is_trained == any(parameter.requires_grad for parameter in built.parameters())


def test_a_checkpoint_says_what_was_trained(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    weights = save_checkpoint(path, 1.0, epoch=3, batch_limits={"limit_train_batches": 2})
    assert read_summary(path) == CheckpointSummary(weights, 4, 16, {"limit_train_batches": 2})
    content = torch.load(path, weights_only=True)
    content["loops"]["fit_loop"]["epoch_loop.batch_progress"]["is_last_batch"] = False  # in the middle of an epoch
    del content["zsar"]["weights_hash"]  # of before it was written down
    torch.save(content, path)
    assert read_summary(path) == CheckpointSummary(weights, 3, 16, {"limit_train_batches": 2})
    torch.save({"state_dict": content["state_dict"], "zsar": {}}, path)  # converted
    assert read_summary(path) == CheckpointSummary(weights, 0, 0, {}, can_be_resumed=False)


def test_what_is_no_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.ckpt").write_text("text")
    with pytest.raises(CheckpointError, match=r"a.ckpt cannot be read as a checkpoint"):
        read_summary(tmp_path / "a.ckpt")
    torch.save({"model": {}}, tmp_path / "b.ckpt")
    with pytest.raises(CheckpointError, match=r"b.ckpt is not a zsar checkpoint; .* see `zsar convert`"):
        read_summary(tmp_path / "b.ckpt")


def test_a_training_that_was_killed_before_its_last_validation_is_not_finished(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "last.ckpt", epoch=3)
    content = torch.load(tmp_path / "last.ckpt", weights_only=True)
    for is_due in (False, True):
        torch.save({**content, "callbacks": {"a": {}, "b": {"validation_is_due": is_due}}}, tmp_path / "last.ckpt")
        summary = read_summary(tmp_path / "last.ckpt")
        assert (what_is_left(summary, Path("last.ckpt"), max_epochs=4, max_steps=-1) is None) == is_due


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda path: path.stem)
def test_the_head_of_an_experiment_names_checkpoints_of_trainings_that_there_are(experiment: Path) -> None:
    head = " ".join(line[1:] for line in experiment.read_text().splitlines() if line.startswith("#"))
    named = re.findall(r"(runs/\S+)/checkpoints/(\w+)\.ckpt", head)
    for run, checkpoint in named:
        assert run in trainings()
        training = trainings()[run]
        kept = training.get("checkpoint", {}).get("filename") or training.get("checkpoint.filename", "best")
        mean = ["weight_mean"] if "WeightMean" in str(training.get("trainer.callbacks+")) else []
        assert checkpoint in (kept, "last", *mean), "a training without held-out clips keeps its last checkpoint only"
    if "zero_shot" in experiment.stem or "_shift_" in experiment.stem:
        models = r"^model: .*/(t2l|ap_clip|vifi_clip|bike|open_vclip|taco)(_authors)?\.yaml"
        is_trained = re.search(models, experiment.read_text(), flags=re.MULTILINE)
        assert bool(named) == bool(is_trained)


@pytest.mark.parametrize(
    ("max_epochs", "max_steps", "finished"),
    [(4, -1, True), (5, -1, False), (None, -1, False), (-1, -1, False), (9, 16, True), (9, 17, False), (3, 99, True)],
)
def test_a_training_is_finished_at_its_epochs_or_steps(max_epochs: int | None, max_steps: int, finished: bool) -> None:
    summary = CheckpointSummary("a", n_epochs=4, n_steps=16, batch_limits={})
    said = what_is_left(summary, Path("last.ckpt"), max_epochs=max_epochs, max_steps=max_steps)
    assert (said is not None) == finished
