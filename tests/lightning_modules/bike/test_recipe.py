"""The trainings of BIKE, leaf by leaf, are its authors' (methods/bike.md, sections 3, 7 and 8)."""

from typing import Any

import pytest
import yaml

from tests.makers.configs.shipped import CONFIGS
from tests.makers.configs.stated_leaf import leaf
from zsar.datamodules.class_text.templates import fill_templates
from zsar.datamodules.class_text.vocabulary import exact_names
from zsar.lightning_modules.bike import BIKE
from zsar.lightning_modules.experiments.experiment_files import read_experiment
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.training.optimization import Optimization

# Architecture, epochs, epochs of warm-up.
ROWS = {
    "bike_kinetics400": ("ViT-B-16-quickgelu", 30, 5),
    "bike_kinetics400_vit_l_14": ("ViT-L-14-quickgelu", 20, 5),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_training_is_that_of_the_authors(name: str) -> None:
    experiment = read_experiment(CONFIGS / "experiment" / f"{name}.yaml")
    architecture, n_epochs, n_warmup = ROWS[name]
    assert leaf(experiment, "model.optimization") == {
        "learning_rate": 5e-5,
        "weight_decay": 0.2,
        "betas": [0.9, 0.999],
        "eps": 1e-8,
        "warmup_fraction": pytest.approx(n_warmup / n_epochs, rel=1e-12),
        "final_fraction": 0.0,
    }
    stated = {
        "model.backbone.architecture": architecture,
        "model.clip_learning_rate": 5e-6,
        "model.n_head_layers": 6,
        "model.frame_source": "video_head",
        "model.scoring.scorer": "concept_spotting",
        "data.clips.n_frames": 8,
        "data.clips.train_sampling": "random_shared_ends",
        "data.clips.sampling": "left",
        "data.clips.augmentation": {"flip": 0.5, "colour_jitter": 0.0, "grey": 0.2, "area": [0.08, 1.0]},
        "data.text.templates": "This is a video about {}",
        "data.loading.drop_incomplete": True,
        "trainer.precision": "16-mixed",
        "trainer.max_epochs": n_epochs,
        "seed_everything": 1024,
    }
    assert {key: leaf(experiment, key) for key in stated} == stated
    assert leaf(experiment, "data.loading.batch_size") * leaf(experiment, "trainer.devices") == 256


def test_the_defaults_of_the_class_are_those_of_the_config() -> None:
    settings = yaml.safe_load((CONFIGS / "model" / "bike.yaml").read_text())["init_args"]
    stated = {**settings["optimization"], "betas": tuple(settings["optimization"]["betas"])}
    default: dict[str, Any] = BIKE.__init__.__kwdefaults__ or {}
    assert default["optimization"] == Optimization(**stated)
    for name in ("frame_source", "n_head_layers", "test_scale", "clip_learning_rate"):
        assert settings[name] == default[name], name


def test_the_prompt_has_the_tokens_of_the_page() -> None:
    """One prompt without a full stop; UCF-101's names are not split. A name that does not fit is an error."""
    experiment = read_experiment(CONFIGS / "experiment" / "bike_kinetics400.yaml")
    assert leaf(experiment, "data.text.names") == "exact"
    assert "ApplyEyeMakeup" in exact_names("ucf101")
    template = leaf(experiment, "data.text.templates")
    ((prompt,), (long,)) = fill_templates("test", ["ApplyEyeMakeup", "surfing " * 80], template).prompts
    tokenize = OpenClipBackbone("tiny-clip", "random").tokenize
    tokens = tokenize([prompt])[0].tolist()
    assert tokens[:12] == [49406, 589, 533, 320, 1455, 781, 882, 75, 693, 693, 5853, 49407]
    assert set(tokens[12:]) == {0}
    with pytest.raises(ValueError, match="tokens"):
        tokenize([long])
