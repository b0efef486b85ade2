"""The trainings of TACO, leaf by leaf, are its authors' (methods/taco.md, Training recipe)."""

import pytest
import yaml

from tests.makers.configs.shipped import CONFIGS
from tests.makers.configs.stated_leaf import leaf
from zsar.lightning_modules.experiments.experiment_files import read_experiment
from zsar.lightning_modules.recognition.scoring import Scoring
from zsar.lightning_modules.recognition.structure.structure_distillation import StructureDistillation
from zsar.lightning_modules.taco import TACO
from zsar.lightning_modules.training.optimization import Optimization

ROWS = {  # architecture, videos per GPU, rates of the projection and of CLIP, 0.075 of it
    "taco_kinetics400": ("ViT-B-16-quickgelu", 64, 5e-5, 3.75e-6),
    "taco_kinetics400_vit_l_14": ("ViT-L-14-quickgelu", 32, 2.5e-5, 1.875e-6),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_training_is_that_of_the_authors(name: str) -> None:
    experiment = read_experiment(CONFIGS / "experiment" / f"{name}.yaml")
    architecture, batch, rate, of_clip = ROWS[name]
    stated = {
        "seed_everything": 1024,
        "model.backbone.architecture": architecture,
        "model.backbone.gradient_checkpointing": True,
        "model.tune": "both",
        "model.tunes_token_embedding": True,
        "model.specialization": True,
        "model.structure": {"weight": 0.4, "n_anchors": 200, "teacher_momentum": 0.9998},
        "model.clip_learning_rate": of_clip,
        "data.clips.n_frames": 8,
        "data.clips.train_sampling": "random",
        "data.clips.augmentation": {"flip": 0.5, "colour_jitter": 0.0, "grey": 0.2, "area": [0.08, 1.0]},
        "data.split.held_out_fraction": 0.0,
        "data.text.templates": "This is a video about {}",
        "data.loading.batch_size": batch,
        "trainer.devices": 3,
        "trainer.precision": "16-mixed",
        "trainer.max_epochs": 15,
    }
    assert {key: leaf(experiment, key) for key in stated} == stated
    assert leaf(experiment, "model.optimization") == {
        "learning_rate": rate,
        "weight_decay": 0.2,
        "betas": [0.9, 0.999],
        "eps": 1e-8,
        "warmup_fraction": 5 / 15,
        "warmup_start_fraction": 0.0,
        "final_fraction": 0.0,
        "decay_on": "all",
    }
    assert of_clip == pytest.approx(0.075 * rate)
    assert "gradient_clip_val" not in experiment["trainer"]
    assert "drop_incomplete" not in leaf(experiment, "data.loading")
    (mean,) = leaf(experiment, "trainer.callbacks")
    assert mean["init_args"] == {"weighting": "uniform", "from_epoch": 0}  # CLIP and all epochs


def test_the_rate_rises_from_0_and_falls_to_0_by_a_cosine() -> None:
    """In epochs, 5 of 15 up; at the authors' steps of an epoch of 100, but for their steps of ten."""
    optimization = TACO.__init__.__kwdefaults__["optimization"]
    rates = [optimization.rate_at(step, 1500) for step in (0, 250, 500, 1000, 1500)]
    assert rates == pytest.approx([0.0, 0.5, 1.0, 0.5, 0.0])


def test_the_defaults_of_the_class_are_those_of_the_config() -> None:
    settings = yaml.safe_load((CONFIGS / "model" / "taco.yaml").read_text())["init_args"]
    default = TACO.__init__.__kwdefaults__
    betas = tuple(settings["optimization"]["betas"])
    assert default["optimization"] == Optimization(**{**settings["optimization"], "betas": betas})
    assert default["structure"] == StructureDistillation(**settings["structure"])
    assert default["scoring"] == Scoring(**settings["scoring"])
    others = settings.keys() - {"optimization", "structure", "scoring", "backbone"}
    assert {name: default[name] for name in others} == {name: settings[name] for name in others}
