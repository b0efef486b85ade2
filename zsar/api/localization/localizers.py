"""What finds actions: T3AL or frame-wise CLIP by name, a localizer of the caller's, or a trained recognizer.

Text-guided suppression is on by default if captions are available, from files or from a CoCa. A missing package that a
CoCa needs for captions is an error. With another model, the user's choice, suppression is off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from zsar.api.loading import is_stored_model, load
from zsar.api.localization.frame_wise_recognizer import FrameWiseRecognizer
from zsar.api.localization.method_settings import (
    ANY_MARGIN,
    DEFAULT_ARCHITECTURE,
    FRAME_WISE_METHOD,
    OWN_THRESHOLD,
    SMOOTHING_SECONDS,
    T3AL_METHOD,
    THRESHOLD,
    Method,
    MethodSettings,
)
from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.localization.contract import Localization, UntrimmedFeatures
from zsar.lightning_modules.localization.frame_wise import FrameWiseCLIP, check_frame_threshold
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.open_clip_towers.built_clip import BuiltClip
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.open_clip_captions import (
    can_caption,
    check_can_caption,
    check_can_generate,
)
from zsar.lightning_modules.open_clip_towers.tower_hash import tower_record
from zsar.lightning_modules.open_clip_towers.weights.default_weights import default_weights
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning
from zsar.lightning_modules.t3al.pseudo_labels import PseudoLabels
from zsar.lightning_modules.t3al.t3al import T3AL
from zsar.lightning_modules.t3al.text_guided_suppression import TextGuidedSuppression
from zsar.runtime.choices import check_choice

LocalizationModel = ActionLocalizer | ActionRecognizer | str | Path | None
"""A localizer; a recognizer; what `zsar.load` takes; or None for CoCa."""
_CAPTION_SECONDS = 1.0  # the paper captions all frames; with a CoCa that takes hours for a long video


class Localizer(Protocol):
    """What finds actions in the features of a video; every `ActionLocalizer` is one."""

    @property
    def backbone(self) -> OpenClipBackbone:
        """The CLIP model."""

    @property
    def device(self) -> torch.device:
        """Where features must be."""

    @property
    def least_classes(self) -> int:
        """The smallest number of classes."""

    def localize(
        self, videos: Sequence[UntrimmedFeatures], texts: Sequence[ClassText], *, seed: int = 0
    ) -> list[dict[int, Localization]]:
        """Finds actions; see `ActionLocalizer.localize`."""

    def described_settings(self, *, seed: int) -> dict[str, Any]:
        """What decides about the answers, JSON-serializable."""


@dataclass(frozen=True, eq=False)
class ReadyLocalizer:
    """A localizer and where it is from.

    Attributes:
        localizer: The localizer, in evaluation mode.
        architecture: Its CLIP model.
        weights: CLIP's weights, or the checkpoint; None if not known.
        recognizer: The recognizer whose frame embeddings are its features; None if these are CLIP's features.
        smooth_seconds: Seconds over which T3AL averages scores; None for the frames that its settings say.
    """

    localizer: Localizer
    architecture: str
    weights: str | None
    recognizer: ActionRecognizer | None = None
    smooth_seconds: float | None = None


def is_trained(model: LocalizationModel) -> bool:
    """Whether a model is a recognizer, or is stored as one: it then reads the prompts of training."""
    if isinstance(model, str | Path):
        return is_stored_model(model)
    return isinstance(model, ActionRecognizer) and not isinstance(model, ZeroShotCLIP)


def ready_localizer(
    model: LocalizationModel | ClipSettings,
    method: Method | None,
    settings: MethodSettings,
    *,
    weights: str | None = None,
    tokenizer: str | None = None,
) -> ReadyLocalizer:
    """The localizer that a model and a method make; one that is built here is on the CPU.

    Args:
        model: As of `zsar.localize`, or the settings of a CLIP model.
        method: "t3al" or "frame-wise"; None for frame-wise with a trained recognizer, and t3al otherwise.
        settings: Settings of the method.
        weights: CLIP's weights of a checkpoint, if they have moved since training.
        tokenizer: Folder with the files of a checkpoint's tokenizer, if it has moved since training.

    Raises:
        ValueError: The method cannot use the model, or a setting has no effect.
        BackboneError: CLIP cannot be built; or captions are requested, but it writes none or a package is missing.
        CheckpointError: A checkpoint cannot be read.
    """
    if isinstance(model, ActionLocalizer):
        return _given_localizer(model, method, settings)
    if method is not None:
        check_choice(Method, method=method)
    checkpoint = model if isinstance(model, str | Path) and is_stored_model(model) else None
    given = model if checkpoint is None else load(checkpoint, weights=weights, tokenizer=tokenizer, device="cpu")
    if isinstance(given, ActionRecognizer) and not isinstance(given, ZeroShotCLIP):
        return _trained(given, method or FRAME_WISE_METHOD, settings, checkpoint)
    clip, method = _clip(given), method or T3AL_METHOD
    _check_effects(settings, method)
    smoothing = SMOOTHING_SECONDS if settings.smooth_seconds is None else settings.smooth_seconds
    built = _frame_wise(clip, settings) if method == FRAME_WISE_METHOD else _t3al(clip, settings)
    return ReadyLocalizer(
        built, clip.architecture, clip.weights, smooth_seconds=smoothing if method == T3AL_METHOD else None
    )


def _clip(model: ZeroShotCLIP | ClipSettings | str | Path | None) -> ClipSettings:
    if isinstance(model, ClipSettings):
        return model
    if isinstance(model, ZeroShotCLIP):
        record = tower_record(model)
        return BuiltClip(record.architecture, record.weights or None, built=model.backbone)
    name = str(model or DEFAULT_ARCHITECTURE)
    return ClipSettings(name, default_weights(name))


def _given_localizer(model: ActionLocalizer, method: Method | None, settings: MethodSettings) -> ReadyLocalizer:
    kind = type(model).__name__
    if isinstance(model, T3AL) and model.memory is not None:
        raise ValueError(
            "the given T3AL has a memory, which must see all videos before it finds actions in one; test or predict "
            "with it (zsar test, zsar predict), or give one with memory=None"
        )
    given = [f"method={method!r}"] if method is not None else []
    given += [f"{name}={getattr(settings, name)!r}" for name in settings.without_effect(None)]
    given += [f"seed={settings.seed}"] if settings.seed is not None and isinstance(model, FrameWiseCLIP) else []
    if given:
        raise ValueError(f"the given {kind} has its own settings; leave {', '.join(given)} out, or set it in {kind}")
    return ReadyLocalizer(model.eval(), model.backbone.architecture, None)


def _trained(
    model: ActionRecognizer, method: Method, settings: MethodSettings, checkpoint: str | Path | None
) -> ReadyLocalizer:
    if method != FRAME_WISE_METHOD:
        raise ValueError(
            f"{method} adapts the projections of CLIP itself, so it cannot use a trained {type(model).__name__}; "
            f"take the method {FRAME_WISE_METHOD}, which scores the embeddings of its frames, or a CLIP model by name"
        )
    _check_effects(settings, method)
    localizer = FrameWiseRecognizer(model.eval(), threshold=_threshold(settings, model.backbone))
    return ReadyLocalizer(
        localizer,
        model.backbone.architecture,
        None if checkpoint is None else str(checkpoint),
        recognizer=model,
    )


def _check_effects(settings: MethodSettings, method: Method) -> None:
    for name in settings.without_effect(method):
        raise ValueError(f"{name} has no effect with the method {method}; leave it out")


def _frame_wise(clip: ClipSettings, settings: MethodSettings) -> ActionLocalizer:
    localizer = FrameWiseCLIP(backbone=clip).eval()
    localizer.threshold = _threshold(settings, localizer.backbone)
    return localizer


def _threshold(settings: MethodSettings, backbone: OpenClipBackbone) -> float:
    default = THRESHOLD if backbone.logit_bias is None else OWN_THRESHOLD
    threshold = default if settings.threshold is None else settings.threshold
    check_frame_threshold(threshold)
    return threshold


def _t3al(clip: ClipSettings, settings: MethodSettings) -> ActionLocalizer:
    will_caption = settings.suppress or clip.architecture == DEFAULT_ARCHITECTURE
    if will_caption and settings.suppress is not False and settings.captions is None:
        _check_can_generate()  # before gigabytes of weights are downloaded
    most = settings.pseudo_labels or 1
    margin = ANY_MARGIN if settings.margin is None else settings.margin
    model = T3AL(
        backbone=clip,
        tuning=ProjectionTuning() if settings.steps is None else ProjectionTuning(n_steps=settings.steps),
        suppression=None,
        pseudo_labels=PseudoLabels(most=most, margin=None if most == 1 else margin),
    )
    model.suppression = _suppression(settings, model.backbone)
    return model.eval()


def _suppression(settings: MethodSettings, backbone: OpenClipBackbone) -> TextGuidedSuppression | None:
    """On by default if captions are available; with a CoCa, a missing package is an error."""
    if settings.suppress is False:
        return None
    if settings.captions is None:
        if settings.suppress is None and not can_caption(backbone):
            return None
        check_can_caption(backbone)
        _check_can_generate()
    return TextGuidedSuppression(seconds=_CAPTION_SECONDS)


def _check_can_generate() -> None:
    try:
        check_can_generate()
    except BackboneError as error:
        raise BackboneError(f"{error}; or leave captions out with --no_suppress (in Python suppress=False)") from error
