"""The model that the options of `zsar localize` request, and its description in results.

Text-guided suppression is on by default if captions are available, from files or from a CoCa. A missing package that a
CoCa needs for captions is an error. With another model, the user's choice, suppression is off, which is reported.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from zsar.api.extraction.feature_extraction import FeatureExtraction
from zsar.lightning_modules.command_line.localize.localize_options import (
    ANY_MARGIN,
    DEFAULT_ARCHITECTURE,
    DEFAULT_SMOOTHING_SECONDS,
    DEFAULT_THRESHOLD,
    LocalizeOptions,
)
from zsar.lightning_modules.localization.frame_wise import FrameWiseCLIP
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.open_clip_captions import (
    can_caption,
    check_can_caption,
    check_can_generate,
)
from zsar.lightning_modules.open_clip_towers.weight_files import BackboneError
from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning
from zsar.lightning_modules.t3al.pseudo_labels import PseudoLabels
from zsar.lightning_modules.t3al.t3al import T3AL
from zsar.lightning_modules.t3al.text_guided_suppression import TextGuidedSuppression

_CAPTION_SECONDS = 1.0  # the paper captions all frames; with a CoCa that takes hours for a long video


def build_localizer(options: LocalizeOptions, features: FeatureExtraction) -> ActionLocalizer:
    """The model, in evaluation mode, on the CPU.

    Args:
        options: The command line, parsed and checked.
        features: The feature extraction.

    Raises:
        BackboneError: It cannot be built; or captions are requested, but it writes none or a package is missing.
    """
    model: ActionLocalizer
    backbone, asked = ClipSettings(features.architecture, features.weights), options.method
    if asked.method == "frame-wise":
        threshold = DEFAULT_THRESHOLD if asked.threshold is None else asked.threshold
        model = FrameWiseCLIP(backbone=backbone, threshold=threshold)
    else:
        will_caption = asked.suppress or features.architecture == DEFAULT_ARCHITECTURE
        if will_caption and asked.suppress is not False and asked.captions is None:
            _check_can_generate()  # before gigabytes of weights are downloaded
        most = asked.pseudo_labels or 1
        margin = ANY_MARGIN if asked.margin is None else asked.margin
        model = T3AL(
            backbone=backbone,
            tuning=ProjectionTuning() if asked.steps is None else ProjectionTuning(n_steps=asked.steps),
            suppression=None,
            pseudo_labels=PseudoLabels(most=most, margin=None if most == 1 else margin),
        )
        model.suppression = _suppression(options, model.backbone)
    return model.eval()


def _suppression(options: LocalizeOptions, backbone: OpenClipBackbone) -> TextGuidedSuppression | None:
    """On by default if captions are available; with a CoCa, a missing package is an error."""
    if options.method.suppress is False:
        return None
    if options.method.captions is None:
        if options.method.suppress is None and not can_caption(backbone):
            return None
        check_can_caption(backbone)
        _check_can_generate()
    return TextGuidedSuppression(seconds=_CAPTION_SECONDS)


def _check_can_generate() -> None:
    try:
        check_can_generate()
    except BackboneError as error:
        raise BackboneError(f"{error}; or leave captions out with --no_suppress") from error


def smoothing_frames(options: LocalizeOptions, frame_seconds: float) -> int:
    """Number of frames that scores are averaged over, at least 1.

    Args:
        options: The command line, parsed.
        frame_seconds: Interval between frames used.
    """
    seconds = DEFAULT_SMOOTHING_SECONDS if options.method.smooth_seconds is None else options.method.smooth_seconds
    return max(1, round(seconds / frame_seconds))


def described_model(model: ActionLocalizer, features: FeatureExtraction, seed: int) -> dict[str, Any]:
    """The model and all settings, JSON-serializable."""
    settings: dict[str, Any]
    if isinstance(model, T3AL):
        settings = {
            "method": "t3al",
            "seed": seed,
            "tuning": asdict(model.tuning),
            "suppression": None if model.suppression is None else asdict(model.suppression),
            "pseudo_labels": asdict(model.pseudo_labels),
            "proposals": asdict(model.proposals),
            "region_class": model.region_class,
            "segment_score": model.segment_score,
        }
    else:
        assert isinstance(model, FrameWiseCLIP)
        settings = {"method": "frame-wise", "threshold": model.threshold}
    return {
        "model": {
            "architecture": features.architecture,
            "weights": features.weights,
            "backbone_hash": model.backbone.weights_hash,
        },
        "settings": {
            **settings,
            "stride": str(features.stride),
            "geometry": features.geometry,
            "feature_dtype": features.dtype,
        },
    }
