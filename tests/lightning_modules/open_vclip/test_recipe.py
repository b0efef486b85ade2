"""The trainings of Open-VCLIP, leaf by leaf, are its authors' (methods/open_vclip.md, sections 3, 5, 6 and 7)."""

import pytest
import yaml

from tests.makers.configs.shipped import CONFIGS
from tests.makers.configs.stated_leaf import leaf
from zsar.datamodules.class_text.templates import TEMPLATES
from zsar.lightning_modules.clip.interpolated_regularization import InterpolatedRegularization
from zsar.lightning_modules.experiments.experiment_files import read_experiment
from zsar.lightning_modules.open_vclip import OpenVCLIP
from zsar.lightning_modules.recognition.scoring import Scoring
from zsar.lightning_modules.training.optimization import Optimization

ROWS = {  # architecture, gradient checkpointing, share of the tuned weights
    "open_vclip_kinetics400": ("ViT-B-16-quickgelu", False, 0.5),
    "open_vclip_kinetics400_vit_l_14": ("ViT-L-14-quickgelu", True, 0.4),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_training_is_that_of_the_authors(name: str) -> None:
    experiment = read_experiment(CONFIGS / "experiment" / f"{name}.yaml")
    architecture, checkpointing, share = ROWS[name]
    stated = {
        "model.backbone.architecture": architecture,
        "model.backbone.gradient_checkpointing": checkpointing,
        "model.tuned_share": share,
        "model.neighbour_attention": True,
        "model.interpolated_regularization": {"share": [0.0, 0.6], "weight": 0.5},
        "model.optimization.decay_on": "all_but_vectors",
        "data.clips.n_frames": 8,
        "data.clips.train_sampling": "random",
        "data.clips.sampling": "open_vclip",
        "data.clips.n_test_clips": 3,
        "data.clips.n_test_crops": 1,
        "data.clips.test_short_side_px": 224,
        "data.text.templates": "open_vclip",
        "trainer.precision": "16-mixed",
        "trainer.max_epochs": 22,
        "trainer.gradient_clip_val": 1.0,
    }
    assert {key: leaf(experiment, key) for key in stated} == stated
    assert leaf(experiment, "data.loading.batch_size") * leaf(experiment, "trainer.devices") == 64
    augmentation = leaf(experiment, "data.clips.augmentation")
    assert [round(224 * multiple) for multiple in augmentation.pop("short_side")] == [224, 256]
    assert augmentation == {"flip": 0.5, "colour_jitter": 0.0, "grey": 0.0}
    (mean,) = leaf(experiment, "trainer.callbacks")
    assert mean["init_args"] == {"weighting": "uniform", "from_epoch": 2, "to_epoch": 22}


def test_the_rate_is_the_authors_at_the_ends_of_warm_up_and_of_training() -> None:
    """3.33e-8 at first, 3.33e-6 after 2 of 22 epochs, 3.33e-8 at the end."""
    optimization = OpenVCLIP.__init__.__kwdefaults__["optimization"]
    rates = [optimization.learning_rate * optimization.rate_at(step, 2200) for step in (0, 100, 200, 1200, 2200)]
    middle = (3.33e-6 + 3.33e-8) / 2  # of the straight rise, and of the half cosine
    assert rates == pytest.approx([3.33e-8, middle, 3.33e-6, middle, 3.33e-8], rel=1e-6)


def test_the_defaults_of_the_class_are_those_of_the_config() -> None:
    settings = yaml.safe_load((CONFIGS / "model" / "open_vclip.yaml").read_text())["init_args"]
    default = OpenVCLIP.__init__.__kwdefaults__
    betas = tuple(settings["optimization"]["betas"])
    assert default["optimization"] == Optimization(**{**settings["optimization"], "betas": betas})
    second = settings["interpolated_regularization"]
    assert default["interpolated_regularization"] == InterpolatedRegularization(
        tuple(second["share"]), second["weight"]
    )
    assert default["scoring"] == Scoring(**settings["scoring"])
    for name in ("neighbour_attention", "tuned_share"):
        assert settings[name] == default[name], name


def test_the_templates_are_the_28_of_the_page() -> None:
    templates = TEMPLATES["open_vclip"]
    assert len(set(templates)) == 28
    assert all(template.endswith("{}.") for template in templates)
    for medium in ("photo", "video", "example", "demonstration"):
        own = [template for template in templates if template.startswith(f"a {medium} of ")]
        assert own == [
            f"a {medium} of {{}}.",
            f"a {medium} of a person {{}}.",
            *(f"a {medium} of a person {v} {{}}." for v in ("using", "doing", "during", "performing", "practicing")),
        ]
