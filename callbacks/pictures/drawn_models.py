"""The kind of model that a picture is of: a fragment can be appended to a test of either kind."""

from __future__ import annotations

from lightning.pytorch import LightningModule

from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.recognition.multi_label.own_scores import refuse_multi_label
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer


def recognizer_of(model: LightningModule, needed_by: str) -> ActionRecognizer:
    """The tested model, which recognizes the one action of each trimmed video.

    Args:
        model: The model.
        needed_by: Name of the callback, for the error.

    Raises:
        ValueError: It is of another kind, or tested on videos that show several classes each.
    """
    if not isinstance(model, ActionRecognizer):
        raise ValueError(_other_kind(model, needed_by, "ActionRecognizer, a model of trimmed videos"))
    refuse_multi_label(
        model.class_texts.get("test", ()),
        needed_by=needed_by,
        reason="its pictures are of right and wrong answers",
        remedy="leave out its --config visualization/...",
    )
    return model


def localizer_of(model: LightningModule, needed_by: str) -> ActionLocalizer:
    """The tested model, which finds actions in time; arguments and errors as in `recognizer_of`."""
    if not isinstance(model, ActionLocalizer):
        raise ValueError(_other_kind(model, needed_by, "ActionLocalizer, a model that finds actions in time"))
    return model


def _other_kind(model: LightningModule, needed_by: str, kind: str) -> str:
    return f"{needed_by} needs an {kind}, not a {type(model).__name__}; leave out its --config visualization/..."
