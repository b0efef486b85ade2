"""A resumed training goes on as if it had never stopped, wherever between two updates it was saved."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor

from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading, Split, Text
from zsar.lightning_modules.ap_clip.ap_clip import APCLIP
from zsar.lightning_modules.clip.clip import FineTunedCLIP
from zsar.lightning_modules.clip.interpolated_regularization import InterpolatedRegularization
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.structure.structure_distillation import StructureDistillation
from zsar.lightning_modules.t2l.t2l import T2L
from zsar.lightning_modules.taco.taco import TACO
from zsar.lightning_modules.training.optimization import Optimization
from zsar.lightning_modules.training.resumption import go_on_at_last_update

N_BATCHES, ACCUMULATED = 6, 4  # an epoch has two updates, the second of two batches
TINY: dict[str, Any] = {
    "backbone": TrainedClipSettings("tiny-clip", "random"),
    "optimization": Optimization(learning_rate=1e-3),
}
MODELS: dict[str, Callable[[], ActionRecognizer]] = {
    "t2l": lambda: T2L(**TINY, n_frames=2, structure=StructureDistillation(n_anchors=25)),
    "fine_tuned_clip": lambda: FineTunedCLIP(**TINY, n_negative_classes=1),
    "ap_clip": lambda: APCLIP(**TINY, n_negative_classes=1, interpolated_regularization=InterpolatedRegularization()),
    "taco": lambda: TACO(**TINY, structure=StructureDistillation(n_anchors=25, teacher_momentum=0.5)),
}


def counts(n: int) -> dict[str, int]:
    return {"ready": n, "started": n, "processed": n, "completed": n}


def saved(seen: int, *, started: int | None = None, epochs: int = 1) -> dict[str, Any]:
    """What Lightning says of a training in its second epoch, of `N_BATCHES`."""
    started = seen if started is None else started
    current = {**counts(seen), "ready": started, "started": started}
    total = {name: N_BATCHES + count for name, count in current.items()}
    of_epochs = {"ready": 2, "started": 2, "processed": epochs, "completed": epochs}
    loop = {
        "epoch_progress": {"current": of_epochs, "total": dict(of_epochs)},
        "epoch_loop.batch_progress": {"current": current, "total": total, "is_last_batch": started == N_BATCHES},
    }
    return {"loops": {"fit_loop": loop}}


@pytest.mark.parametrize(
    ("checkpoint", "counted"),
    [
        (saved(0), saved(0)),
        (saved(1), saved(0)),
        (saved(3, started=4), saved(0)),  # inside the fourth batch
        (saved(4), saved(4)),  # an update
        (saved(5), saved(4)),
        (saved(5, started=6), saved(4)),  # inside the last batch
        (saved(6), saved(6)),  # the last batch completes an update in any case
        (saved(6, epochs=2), saved(6, epochs=2)),
        (saved(5, epochs=2), saved(4)),  # the training was stopped within the epoch
    ],
)
def test_an_unfinished_epoch_is_open_and_what_was_accumulated_in_it_not_seen(
    checkpoint: dict[str, Any], counted: dict[str, Any]
) -> None:
    go_on_at_last_update(checkpoint, accumulated_batches=ACCUMULATED, n_batches=N_BATCHES)
    assert checkpoint == counted


class Stop(Callback):
    """Stops training after some batches, as a limit of time does."""

    def __init__(self, n_batches: int) -> None:
        self.n_batches = n_batches

    def on_train_batch_end(self, trainer: Trainer, *_: object) -> None:
        trainer.should_stop = trainer.fit_loop.epoch_loop.batch_progress.total.processed == self.n_batches


class SaveEverywhere(Callback):
    """Saves after each batch, in the middle of each batch, after each validation and at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_before_backward(self, trainer: Trainer, pl_module: LightningModule, loss: Tensor) -> None:
        self._save(trainer, "inside")

    def on_train_batch_end(self, trainer: Trainer, *_: object) -> None:
        self._save(trainer, "after")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._save(trainer, "validated")

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._save(trainer, "ended")

    def _save(self, trainer: Trainer, when: str) -> None:
        n_seen = trainer.fit_loop.epoch_loop.batch_progress.total.processed
        trainer.save_checkpoint(self.folder / f"{when}_{n_seen}.ckpt")


def data(video_tree: Path) -> VideoFolder:
    return VideoFolder(
        train=video_tree,
        clips=Clips(n_frames=2, image_size=32),
        split=Split(held_out_fraction=0.2),
        text=Text(templates="action_clip"),
        loading=Loading(batch_size=2, n_workers=0),
    )


def trained(
    make: Callable[[], ActionRecognizer],
    data: VideoFolder,
    *callbacks: Callback,
    ckpt_path: Path | None = None,
    n_batches: int = N_BATCHES,
) -> dict[str, Tensor]:
    """The trained parameters after two epochs."""
    torch.manual_seed(0)
    model = make()
    trainer = Trainer(
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        callbacks=list(callbacks),
        max_epochs=2,
        accumulate_grad_batches=ACCUMULATED,
        num_sanity_val_steps=0,
        val_check_interval=2,
        limit_train_batches=n_batches,
    )
    trainer.fit(model, datamodule=data, ckpt_path=ckpt_path)
    assert trainer.num_training_batches == n_batches
    return {name: p.detach() for name, p in model.named_parameters() if p.requires_grad}


# One open batch, the middle of a batch, a validation between updates; the same in an epoch's second update and later.
PLACES = ("after_1", "inside_2", "validated_2", "after_5", "validated_6", "inside_10", "inside_11")


@pytest.mark.slow
@pytest.mark.parametrize("kind", MODELS)
def test_a_run_saved_anywhere_and_resumed_ends_with_the_very_same_weights(
    kind: str, video_tree: Path, tmp_path: Path
) -> None:
    whole = trained(MODELS[kind], data(video_tree), SaveEverywhere(tmp_path))
    for place in PLACES:
        resumed = trained(MODELS[kind], data(video_tree), ckpt_path=tmp_path / f"{place}.ckpt")
        for name, values in whole.items():
            assert torch.equal(resumed[name], values), f"{place}: {name}"


@pytest.mark.slow
@pytest.mark.parametrize("n_batches", [3, 10])
def test_a_run_stopped_within_an_epoch_goes_on_there(n_batches: int, video_tree: Path, tmp_path: Path) -> None:
    make = MODELS["fine_tuned_clip"]
    trained(make, data(video_tree), Stop(n_batches), SaveEverywhere(tmp_path))
    resumed = trained(make, data(video_tree), ckpt_path=tmp_path / f"ended_{n_batches}.ckpt")
    for name, values in trained(make, data(video_tree)).items():
        assert torch.equal(resumed[name], values), name


@pytest.mark.slow
@pytest.mark.parametrize("place", ["after_4", "validated_4", "after_7"])
def test_an_epoch_cut_short_by_a_limit_is_whole(place: str, video_tree: Path, tmp_path: Path) -> None:
    make = MODELS["fine_tuned_clip"]
    whole = trained(make, data(video_tree), SaveEverywhere(tmp_path), n_batches=4)
    resumed = trained(make, data(video_tree), ckpt_path=tmp_path / f"{place}.ckpt", n_batches=4)
    for name, values in whole.items():
        assert torch.equal(resumed[name], values), name
