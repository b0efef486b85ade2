"""Tests of `choices`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pytest

from zsar.datamodules.settings import Clips, UntrimmedLoading
from zsar.lightning_modules.clip import FineTunedCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings, TrainedClipSettings
from zsar.lightning_modules.recognition.mixing import Mixing
from zsar.lightning_modules.recognition.scoring import Scoring
from zsar.lightning_modules.t3al import T3AL
from zsar.lightning_modules.t3al.memory.class_prototypes import ClassPrototypes
from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning
from zsar.lightning_modules.t3al.text_guided_suppression import TextGuidedSuppression
from zsar.lightning_modules.training.optimization import Optimization
from zsar.runtime.choices import check_choice, check_choices

Colour = Literal["red", "blue"]
RANDOM_CLIP = ("tiny-clip", "random")


@dataclass
class Painted:
    """Something with a choice of texts, one of numbers, and a text."""

    colour: Colour = "red"
    size: Literal[1, 2] = 1
    name: str = "it"


def test_only_choices_of_texts_are_checked() -> None:
    check_choices(Painted())
    check_choices(Painted(size=3, name="x"))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="^colour must be one of red, blue; got 'green'$"):
        check_choices(Painted("green"))  # type: ignore[arg-type]


def test_an_argument_is_checked_by_its_name() -> None:
    check_choice(Colour, colour="blue", other="red")
    with pytest.raises(ValueError, match="^other must be one of red, blue; got None$"):
        check_choice(Colour, colour="blue", other=None)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (Clips, "sampling"),
        (Clips, "train_sampling"),
        (UntrimmedLoading, "geometry"),
        (lambda **changes: ClipSettings(*RANDOM_CLIP, **changes), "frame_statistics"),
        (lambda **changes: TrainedClipSettings(*RANDOM_CLIP, **changes), "frame_statistics"),
        (Mixing, "partner"),
        (Optimization, "cosine_from"),
        *((Scoring, name) for name in ("scorer", "prompt_ensemble", "training_prompts")),
        *((ProjectionTuning, name) for name in ("loss", "trained", "early_stop", "similarity", "background")),
        *((ProjectionTuning, name) for name in ("smoothed", "window_edges", "pools", "thinning")),
        (ClassPrototypes, "order"),
        (TextGuidedSuppression, "votes"),
        (TextGuidedSuppression, "without_captions"),
        (lambda **changes: FineTunedCLIP(backbone=TrainedClipSettings(*RANDOM_CLIP), **changes), "tune"),
        (lambda **changes: FineTunedCLIP(backbone=TrainedClipSettings(*RANDOM_CLIP), **changes), "logit_scale"),
        (lambda **changes: T3AL(backbone=ClipSettings(*RANDOM_CLIP), **changes), "segment_score"),
        (lambda **changes: T3AL(backbone=ClipSettings(*RANDOM_CLIP), **changes), "region_class"),
    ],
)
def test_settings_made_in_python_have_no_unknown_value(settings: Any, name: str) -> None:
    with pytest.raises(ValueError, match=rf"^{name} must be one of [a-z0-9_, ]+; got 'unknown'$"):
        settings(**{name: "unknown"})
