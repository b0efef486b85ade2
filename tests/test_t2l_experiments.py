"""T2L's experiments against the paper and the authors' code, setting by setting as they are parsed."""

import math
import re
from typing import Any

import pytest
import yaml

from tests.makers.configs.shipped import CONFIGS
from zsar.lightning_modules.experiments.experiment_files import read_experiment

EXPERIMENTS = {path.stem: path for path in sorted((CONFIGS / "experiment").glob("*.yaml"))}
T2L = [name for name in EXPERIMENTS if name.startswith("t2l_") and name != "t2l_video_folder"]
FITS = [name for name in T2L if "zero_shot" not in name and "shift" not in name]
N_CLASSES = {"hmdb51": 51, "ucf101": 101, "ssv2": 174, "kinetics400": 400}


def settings(name: str, *fragments: str) -> dict[str, Any]:
    """Leaves by dotted name, with fragments of configs/ablation on top."""
    experiment = read_experiment(EXPERIMENTS[name])
    flat: dict[str, Any] = {}

    def add(prefix: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                add(prefix if key == "init_args" else f"{prefix}.{key}" if prefix else key, inner)
        else:
            flat[prefix] = value

    add("", experiment)
    for fragment in fragments:
        flat |= yaml.safe_load((CONFIGS / "ablation" / f"{fragment}.yaml").read_text())
    return flat


def steps(name: str, n_videos: int) -> int:
    """Optimizer steps of a training, from its number of videos."""
    own = settings(name)
    batch, epochs = own["data.loading.batch_size"], own["trainer.max_epochs"]
    whole = math.floor if own.get("data.loading.drop_incomplete") else math.ceil
    return int(whole(n_videos / batch)) * int(epochs)


@pytest.mark.parametrize("name", FITS)
def test_no_clips_are_held_out_and_the_last_checkpoint_is_kept(name: str) -> None:
    own = settings(name)
    assert own["data.split.held_out_fraction"] == 0.0
    assert (own["checkpoint.monitor"], own["checkpoint.filename"]) == (None, "last")


@pytest.mark.parametrize("name", T2L)
def test_classes_are_described_in_training_and_test_by_one_text_of_one_source(name: str) -> None:
    text = settings(name)["data.text.descriptions"]
    if name.endswith("_authors"):
        assert re.fullmatch(r"EZ-CLIP/GPT_discription/\w+\.csv", text)
    else:
        assert re.fullmatch(r"\w+_descriptions", text)


@pytest.mark.parametrize("name", T2L)
def test_without_descriptions_all_have_the_same_templates(name: str) -> None:
    own = settings(name, "t2l_templates")
    assert (own["data.text.descriptions"], own["data.text.templates"]) == (None, "action_clip")


@pytest.mark.parametrize("data_set", ["hmdb51", "ucf101", "ssv2"])
@pytest.mark.parametrize("shots", [2, 4, 8, 16])
def test_few_shot_trains_for_50_epochs_in_batches_of_70_and_says_how_many_steps_that_is(
    data_set: str, shots: int
) -> None:
    name = f"t2l_few_shot_{data_set}_{shots}"
    own = settings(name)
    assert (own["data.split.shots"], own["trainer.max_epochs"], own["data.loading.batch_size"]) == (shots, 50, 70)
    assert own["model.optimization.learning_rate"] == 5e-5
    assert f" {steps(name, N_CLASSES[data_set] * shots):,} steps" in EXPERIMENTS[name].read_text()


@pytest.mark.parametrize(("data_set", "n_base"), [("hmdb51", 26), ("ucf101", 51), ("ssv2", 87), ("kinetics400", 200)])
def test_base_to_novel_has_16_shots_and_all_base_clips_as_a_difference(data_set: str, n_base: int) -> None:
    name = f"t2l_base_to_novel_{data_set}"
    assert settings(name)["data.split.shots"] == 16
    assert settings(name, "t2l_all_base_clips")["data.split.shots"] is None
    assert f" {steps(name, n_base * 16):,} steps" in EXPERIMENTS[name].read_text()


@pytest.mark.parametrize(
    ("name", "n_videos", "expected"),
    [  # methods/fidelity.md
        ("t2l_few_shot_hmdb51_2", 102, 100),
        ("t2l_few_shot_hmdb51_authors", 102, 1_800),
        ("t2l_few_shot_ucf101_2", 202, 150),
        ("t2l_few_shot_ucf101_authors", 202, 5_000),
        ("t2l_base_to_novel_hmdb51", 416, 300),
        ("t2l_base_to_novel_hmdb51_authors", 1_820, 4_550),
    ],
)
def test_the_authors_train_many_times_as_long(name: str, n_videos: int, expected: int) -> None:
    assert steps(name, n_videos) == expected


@pytest.mark.parametrize(
    ("name", "epochs", "rate", "warmup", "batch", "sampling"),
    [  # methods/t2l.md, Optimization; the authors' warm-up is of 5 epochs
        ("t2l_kinetics400_authors", 150, 1e-4, 5 / 150, 80, "random"),
        ("t2l_base_to_novel_hmdb51_authors", 50, 1e-4, 0.1, 20, "centre"),
        ("t2l_base_to_novel_ucf101_authors", 50, 1e-5, 0.1, 60, "centre"),
        ("t2l_base_to_novel_kinetics400_authors", 100, 5e-6, 0.05, 50, "centre"),
        ("t2l_base_to_novel_ssv2_authors", 100, 1e-5, 0.05, 50, "centre"),
        ("t2l_few_shot_hmdb51_authors", 180, 1e-4, 5 / 180, 10, "centre"),
        ("t2l_few_shot_ucf101_authors", 100, 1e-4, 0.05, 4, "centre"),
    ],
)
def test_the_authors_settings(name: str, epochs: int, rate: float, warmup: float, batch: int, sampling: str) -> None:
    own = settings(name)
    assert own["trainer.max_epochs"] == epochs
    assert own["model.optimization.learning_rate"] == pytest.approx(rate)
    assert own["model.optimization.warmup_fraction"] == pytest.approx(warmup, rel=1e-12)
    assert (own["data.loading.batch_size"], own["data.clips.train_sampling"]) == (batch, sampling)
    assert own["data.loading.drop_incomplete"] is True
    assert (own["model.contrastive_loss"], own["model.unbiased_diversity"]) == ("in_batch", True)
    assert own.get("data.split.shots", None) == (2 if "few_shot" in name else None)


def test_t2l_is_tested_on_all_new_classes_of_kinetics_600_and_others_on_draws() -> None:
    chosen = {name: settings(name)["data.split.classes"] for name in EXPERIMENTS if "kinetics600" in name}
    assert chosen.pop("t2l_zero_shot_kinetics600") == "all_new"
    assert chosen.pop("t2l_zero_shot_kinetics600_authors") == "all"  # their list has its own classes
    assert chosen
    assert set(chosen.values()) == {"drawn_160"}


@pytest.mark.parametrize(
    ("fragment", "tokens", "diversity"),
    [
        (None, "all", 1.0),
        ("t2l_first_layer", "first", 1.0),
        ("t2l_without_ttl", "none", 1.0),
        ("t2l_without_tfd", "all", 0.0),
        ("t2l_adapters_only", "none", 0.0),
    ],
)
def test_table_7_is_a_difference_of_tokens_and_diversity(fragment: str | None, tokens: str, diversity: float) -> None:
    own = settings("t2l_kinetics400", *([] if fragment is None else [fragment]))
    assert (own["model.temporal_tokens"], own["model.diversity_weight"]) == (tokens, diversity)


@pytest.mark.parametrize("data_set", ["hmdb51", "ucf101", "kinetics600"])
def test_vanilla_clip_reads_bare_class_names_and_32_frames(data_set: str) -> None:
    own = settings(f"clip_vanilla_{data_set}")
    assert (own["data.text.templates"], own.get("data.text.descriptions")) == ("name", None)
    assert own["data.clips.n_frames"] == 32
