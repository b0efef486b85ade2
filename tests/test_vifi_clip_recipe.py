"""The trainings of ViFi-CLIP and AP-CLIP, leaf by leaf, are ViFi-CLIP's recipe (methods/vifi_ap_clip.md)."""

from pathlib import Path

import pytest

from tests.makers.configs.shipped import CONFIGS
from tests.makers.configs.stated_leaf import leaf
from zsar.lightning_modules.experiments.experiment_files import read_experiment

TRAININGS = sorted(p for m in ("vifi", "ap") for p in (CONFIGS / "experiment").glob(f"{m}_clip_*.yaml"))
TRAININGS = [path for path in TRAININGS if "zero_shot" not in path.stem and "shift" not in path.stem]
# By what the name of an experiment says: frames, epochs, epochs of warm-up, peak rate, videos of an update.
ROWS = {
    "fully_supervised": (16, 30, 5, 2.2e-5, 512),
    "base_to_novel": (32, 11, 5, 2e-6, 64),
    "few_shot": (32, 50, 5, 2e-6, 64),
    "clip_kinetics400": (32, 10, 5, 8e-6, 256),
}


@pytest.mark.parametrize("path", TRAININGS, ids=lambda path: path.stem)
def test_a_training_is_the_row_of_its_setting(path: Path) -> None:
    experiment = read_experiment(path)
    n_frames, n_epochs, n_warmup, peak, batch = next(row for words, row in ROWS.items() if words in path.stem)
    is_ap_clip = path.stem.startswith("ap_clip")
    of_optimization = leaf(experiment, "model.optimization")
    assert of_optimization == {
        "learning_rate": peak,
        "weight_decay": 0.001,
        "betas": [0.9, 0.98],
        "eps": 1e-8,
        "warmup_fraction": pytest.approx(n_warmup / n_epochs, rel=1e-12),
        "final_fraction": 0.01,
        "cosine_from": "start",
    }
    assert leaf(experiment, "data.clips.n_frames") == (8 if is_ap_clip and n_frames == 32 else n_frames)
    assert leaf(experiment, "trainer.max_epochs") == n_epochs
    accumulated = leaf(experiment, "trainer.accumulate_grad_batches")
    assert leaf(experiment, "data.loading.batch_size") * accumulated == batch


@pytest.mark.parametrize("path", TRAININGS, ids=lambda path: path.stem)
def test_a_training_is_that_of_the_authors_code(path: Path) -> None:
    experiment = read_experiment(path)
    stated = {
        "model.backbone.frame_statistics": "imagenet",
        "model.logit_scale": "frozen_with_one_tower",
        "model.mixing": {"mixup_alpha": 0.8, "cutmix_alpha": 1.0, "cutmix_probability": 0.5, "partner": "permutation"},
        "model.label_smoothing": 0.1,
        "data.clips.sampling": "mmaction",
        "data.split.held_out_fraction": 0.0,
        "checkpoint": {"monitor": None, "filename": "last"},
    }
    assert {key: leaf(experiment, key) for key in stated} == stated


@pytest.mark.parametrize(
    "path", [path for path in TRAININGS if path.stem.startswith("ap_")], ids=lambda path: path.stem
)
def test_ap_clip_trains_with_all_prompts_of_all_classes(path: Path) -> None:
    experiment = read_experiment(path)
    assert leaf(experiment, "model.n_negative_classes") is None
    assert leaf(experiment, "model.scoring.training_prompts") == "all"
    assert leaf(experiment, "model.backbone.gradient_checkpointing") is True


def test_three_crops_are_of_a_short_side_of_224() -> None:
    experiment = read_experiment(CONFIGS / "experiment" / "vifi_clip_fully_supervised_kinetics400.yaml")
    clips = leaf(experiment, "data.clips")
    assert (clips["n_test_clips"], clips["n_test_crops"], clips["test_short_side_px"]) == (4, 3, 224)
