import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import GradientAccumulationScheduler
from timm.scheduler import CosineLRScheduler
from torch.testing import assert_close

from tests.reference.timm_cosine import timm_rate
from zsar.datamodules.data_sets.video_folder import VideoFolder
from zsar.datamodules.settings import Clips, Loading, Split
from zsar.lightning_modules.clip.clip import FineTunedCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import TrainedClipSettings
from zsar.lightning_modules.run_folders.settings_of_before import arguments_of_now
from zsar.lightning_modules.training.optimization import Optimization


def test_schedule_of_a_hand_computed_example() -> None:
    schedule = Optimization(warmup_fraction=0.2, final_fraction=0.1)
    rates = [schedule.rate_at(step, 10) for step in range(11)]
    cosine = [0.1 + 0.9 * (1 + math.cos(math.pi * i / 8)) / 2 for i in range(9)]
    assert rates == pytest.approx([0.5, 1.0, *cosine])


def test_no_warm_up_begins_at_the_peak() -> None:
    assert Optimization(warmup_fraction=0.0).rate_at(0, 10) == 1


def test_a_cosine_from_the_start_has_fallen_to_half_where_a_warm_up_of_half_the_steps_ends() -> None:
    recipe = Optimization(warmup_fraction=0.5, final_fraction=0.01, cosine_from="start")
    after_warmup = replace(recipe, cosine_from="after_warmup")
    assert [recipe.rate_at(step, 8) for step in range(5)] == pytest.approx([0, 0.25, 0.5, 0.75, 0.505])
    assert [after_warmup.rate_at(step, 8) for step in range(5)] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0])
    # Just after 5 of 10 epochs of 1000 steps: 0.503 of the peak, where the cosine after warm-up is at the peak.
    assert recipe.rate_at(5013, 10_000) == pytest.approx(0.503, abs=1e-4)
    assert after_warmup.rate_at(5013, 10_000) == pytest.approx(1.0, abs=1e-4)
    assert recipe.rate_at(8, 8) == recipe.rate_at(9, 8) == 0.01


@pytest.mark.parametrize(
    ("recipe", "n_steps", "n_warmup"),
    [
        (Optimization(8e-6, warmup_fraction=0.5, final_fraction=0.01, cosine_from="start"), 470, 235),
        (Optimization(2e-6, warmup_fraction=5 / 11, final_fraction=0.01, cosine_from="start"), 1111, 505),
        (Optimization(2e-6, warmup_fraction=0.1, final_fraction=0.01, cosine_from="start"), 50, 5),
        (Optimization(1e-3, warmup_fraction=0.0, final_fraction=0.0, cosine_from="start"), 30, 0),
    ],
)
def test_a_cosine_from_the_start_is_timms_at_every_step(recipe: Optimization, n_steps: int, n_warmup: int) -> None:
    peak, lowest = recipe.learning_rate, recipe.learning_rate * recipe.final_fraction
    theirs = CosineLRScheduler(
        torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))], lr=peak),
        t_initial=n_steps,
        lr_min=lowest,
        warmup_lr_init=0,
        warmup_t=n_warmup,
        cycle_limit=1,
        t_in_epochs=False,
    )
    for step in range(n_steps + 3):
        theirs.step_update(step)
        ours = recipe.learning_rate * recipe.rate_at(step, n_steps)
        restated = timm_rate(step, peak=peak, lowest=lowest, n_steps=n_steps, n_warmup=n_warmup)
        assert ours / peak == pytest.approx(restated / peak, abs=1e-12), step
        assert ours / peak == pytest.approx(theirs.optimizer.param_groups[0]["lr"] / peak, abs=1e-12), step


def test_groups_keep_their_own_peak_rates() -> None:
    own, common = (torch.nn.Parameter(torch.zeros(1)) for _ in range(2))
    configured = Optimization(learning_rate=1e-3, warmup_fraction=0.0).configure([([own], 0.1), ([common], None)], 10)
    assert [group["lr"] for group in configured["optimizer"].param_groups] == [0.1, 1e-3]
    assert [group["weight_decay"] for group in configured["optimizer"].param_groups] == [0.2, 0.2]
    assert configured["lr_scheduler"]["interval"] == "step"


def test_a_warm_up_from_above_zero_of_a_hand_computed_example() -> None:
    """From a hundredth of the peak in 2 of 12 steps, which would be reached at step 2, where the cosine begins."""
    recipe = Optimization(warmup_fraction=1 / 6, warmup_start_fraction=0.01, final_fraction=0.01)
    cosine = [0.01 + 0.99 * (1 + math.cos(math.pi * i / 10)) / 2 for i in range(11)]
    assert [recipe.rate_at(step, 12) for step in range(13)] == pytest.approx([0.01, 0.505, *cosine], abs=1e-12)
    assert recipe.rate_at(12, 12) == pytest.approx(0.01)
    timms = replace(recipe, warmup_start_fraction=0.25, cosine_from="start")
    for step in range(13):
        restated = timm_rate(step, peak=1.0, lowest=0.01, n_steps=12, n_warmup=2, warmup_start=0.25)
        assert timms.rate_at(step, 12) == pytest.approx(restated, abs=1e-12)


def test_what_an_older_setting_lacks_stands_for_what_was_done_then() -> None:
    """A warm-up of its own way, and decay of everything: as the settings of older checkpoints are read."""
    of_before = {"learning_rate": 1e-3, "warmup_fraction": 0.2, "cosine_from": "after_warmup"}
    read = arguments_of_now("model", {"optimization": of_before})["optimization"]
    assert Optimization(**read) == Optimization(1e-3, warmup_fraction=0.2)
    assert set(read) == {*of_before, "warmup_start_fraction", "decay_on"}


def test_vectors_may_be_left_out_of_the_decay_but_not_a_scalar() -> None:
    scalar, vector, matrix = (torch.nn.Parameter(torch.ones(shape)) for shape in ((), (3,), (2, 3)))
    recipe = Optimization(learning_rate=0.1, weight_decay=0.5, warmup_fraction=0.0, decay_on="all_but_vectors")
    optimizer = recipe.configure([([vector], 0.2), ([scalar, vector, matrix][::2], None)], 10)["optimizer"]
    for parameter in (scalar, vector, matrix):
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    assert_close(vector.detach(), torch.ones(3))  # no gradient, no decay
    assert_close(scalar.detach(), torch.tensor(1 - 0.1 * 0.5))
    assert_close(matrix.detach(), torch.full((2, 3), 1 - 0.1 * 0.5))
    assert [group["lr"] for group in optimizer.param_groups] == [0.2, 0.1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"warmup_start_fraction": 1.1}, "warmup_start_fraction is a share between 0 and 1; got 1.1"),
        ({"warmup_start_fraction": 0.1, "warmup_fraction": 0}, "warmup_start_fraction is 0.1, but there is no warm-up"),
        ({"decay_on": "matrices"}, "decay_on must be one of all, all_but_vectors; got 'matrices'"),
        ({"learning_rate": 0.0}, "learning_rate must be positive; got 0"),
        ({"learning_rate": float("inf")}, "learning_rate must be finite; got inf"),
        ({"learning_rate": float("nan")}, "learning_rate must be finite; got nan"),
        ({"warmup_fraction": 5}, "between 0 and 1; got 5"),
    ],
)
def test_impossible_settings_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Optimization(**arguments)


# --- the schedule of a training ---------------------------------------------------------------------------------------


QUARTER_WARM = Optimization(learning_rate=1.0, warmup_fraction=0.25)


def trained(
    video_tree: Path, tmp_path: Path, recipe: Optimization = QUARTER_WARM, **arguments: Any
) -> tuple[Trainer, list[float]]:
    """A training on twelve videos, two in a batch, and the learning rate of each of its updates."""
    rates: list[float] = []

    class Watched(FineTunedCLIP):
        def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
            rates.append(optimizer.param_groups[0]["lr"])

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
    assert rates == pytest.approx([QUARTER_WARM.rate_at(step, n_steps) for step in range(n_steps)])


def test_a_training_with_a_cosine_from_the_start_runs_at_timms_rates(video_tree: Path, tmp_path: Path) -> None:
    recipe = Optimization(8e-6, warmup_fraction=0.5, final_fraction=0.01, cosine_from="start")
    _, rates = trained(video_tree, tmp_path, recipe, max_epochs=4, accumulate_grad_batches=2)  # 4 epochs of 3 updates
    timms = [timm_rate(step, peak=8e-6, lowest=8e-8, n_steps=12, n_warmup=6) for step in range(12)]
    assert [rate / 8e-6 for rate in rates] == pytest.approx([rate / 8e-6 for rate in timms], abs=1e-12)
    assert rates[5] / 8e-6 == pytest.approx(5 / 6)
    assert rates[6] / 8e-6 == pytest.approx(0.505)  # where warm-up ends, the rate drops to the cosine's


def test_updates_of_a_number_of_batches_that_changes_are_refused(video_tree: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"GradientAccumulationScheduler changes it .* set trainer.accumulate_grad"):
        trained(video_tree, tmp_path, max_epochs=2, callbacks=[GradientAccumulationScheduler({0: 1, 1: 2})])
