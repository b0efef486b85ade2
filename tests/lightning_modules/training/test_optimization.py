import math
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import GradientAccumulationScheduler

from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading, Split
from zsar.lightning_modules.clip.clip import FineTunedCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.training.optimization import Optimization


def test_schedule_of_a_hand_computed_example() -> None:
    schedule = Optimization(warmup_fraction=0.2, final_fraction=0.1)
    rates = [schedule.rate_at(step, 10) for step in range(11)]
    cosine = [0.1 + 0.9 * (1 + math.cos(math.pi * i / 8)) / 2 for i in range(9)]
    assert rates == pytest.approx([0.5, 1.0, *cosine])


def test_no_warm_up_begins_at_the_peak() -> None:
    assert Optimization(warmup_fraction=0.0).rate_at(0, 10) == 1


def test_groups_keep_their_own_peak_rates() -> None:
    own, common = (torch.nn.Parameter(torch.zeros(1)) for _ in range(2))
    configured = Optimization(learning_rate=1e-3, warmup_fraction=0.0).configure([([own], 0.1), ([common], None)], 10)
    assert [group["lr"] for group in configured["optimizer"].param_groups] == [0.1, 1e-3]
    assert [group["weight_decay"] for group in configured["optimizer"].param_groups] == [0.2, 0.2]
    assert configured["lr_scheduler"]["interval"] == "step"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"learning_rate": 0.0}, "learning_rate must be positive; got 0"),
        ({"learning_rate": float("inf")}, "learning_rate must be finite; got inf"),
        ({"learning_rate": float("nan")}, "learning_rate must be finite; got nan"),
        ({"warmup_fraction": 5}, "between 0 and 1; got 5"),
    ],
)
def test_impossible_settings_are_refused(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Optimization(**arguments)


# --- the schedule of a training ---------------------------------------------------------------------------------------


def trained(video_tree: Path, tmp_path: Path, **arguments: Any) -> tuple[Trainer, list[float]]:
    """A training on twelve videos, two in a batch, and the learning rate of each of its updates."""
    rates: list[float] = []

    class Watched(FineTunedCLIP):
        def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
            rates.append(optimizer.param_groups[0]["lr"])

    recipe = Optimization(learning_rate=1.0, warmup_fraction=0.25)
    model = Watched(backbone=TrainedClipSettings("tiny-clip", "random"), tune="visual", optimization=recipe)
    data = VideoFolder(
        train=video_tree,
        clips=Clips(n_frames=1, image_size=32),
        split=Split(held_out_fraction=0.2),
        loading=Loading(batch_size=2, n_workers=0),
    )
    quiet = {
        "logger": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "enable_checkpointing": False,
    }
    trainer = Trainer(accelerator="cpu", default_root_dir=tmp_path, limit_val_batches=0, **quiet, **arguments)
    trainer.fit(model, datamodule=data)
    return trainer, rates


@pytest.mark.parametrize(
    ("arguments", "n_steps"),
    [
        ({"max_epochs": 2}, 12),
        ({"max_epochs": 2, "accumulate_grad_batches": 4}, 4),  # an epoch's last update is of two batches
        ({"max_epochs": 3, "limit_train_batches": 5, "accumulate_grad_batches": 2}, 9),
        ({"max_epochs": 3, "limit_train_batches": 0.5}, 9),
        ({"max_epochs": 2, "max_steps": 8}, 8),
        ({"max_epochs": 1, "max_steps": 50}, 6),  # the epochs come first
        ({"max_steps": 8}, 8),
    ],
)
def test_the_schedule_ends_with_the_training(
    video_tree: Path, tmp_path: Path, arguments: dict[str, Any], n_steps: int
) -> None:
    trainer, rates = trained(video_tree, tmp_path, **arguments)
    assert trainer.global_step == len(rates) == n_steps
    recipe = Optimization(learning_rate=1.0, warmup_fraction=0.25)
    assert rates == pytest.approx([recipe.rate_at(step, n_steps) for step in range(n_steps)])


def test_updates_of_a_number_of_batches_that_changes_are_refused(video_tree: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"GradientAccumulationScheduler changes it .* set trainer.accumulate_grad"):
        trained(video_tree, tmp_path, max_epochs=2, callbacks=[GradientAccumulationScheduler({0: 1, 1: 2})])
