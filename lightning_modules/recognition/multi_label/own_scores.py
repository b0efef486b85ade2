"""What a recognizer says of each class by itself, for videos that show several classes or none.

A softmax only compares the classes of one video. Average precision compares the videos of one class, so that a score
must not depend on which other classes are asked for. It is the similarity itself (`Scoring.similarities`), scaled, and
as a figure from 0 to 1

    sigmoid(similarity + b)        b: the model's logit bias (SigLIP); 0 where it has none

Both rank the videos of a class alike. Without a bias the latter is no probability: CLIP was trained with a softmax, and
its scaled similarities are around 25, where the sigmoid is 1 to ten digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch, Scoring


class ScoringModel(Protocol):
    """A recognizer, as far as it scores embedded videos."""

    scoring: Scoring
    backbone: OpenClipBackbone

    @property
    def score_scale(self) -> Tensor:
        """The factor of the similarities."""
        ...


def own_scores(model: ScoringModel, embedded: EmbeddedBatch) -> dict[str, Tensor]:
    """Scores embedded videos, each class by itself.

    Args:
        model: The recognizer.
        embedded: The videos and their class text.

    Returns:
        "logits", scaled similarities, and "probabilities", their sigmoid with the logit bias; [B, C] each.

    Raises:
        ValueError: Frames vote, which have no similarity of each class by itself.
    """
    similarities = model.scoring.similarities(embedded, model.score_scale)
    bias = model.backbone.logit_bias
    biased = similarities if bias is None else similarities + bias.float()
    return {"logits": similarities, "probabilities": biased.sigmoid()}


def check_labels(model: ScoringModel, texts: Sequence[ClassText], *, trains: bool) -> None:
    """Checks that a recognizer can do what is asked of videos that show several classes or none, if there are any.

    Args:
        model: The recognizer.
        texts: The classes of each set.
        trains: Whether it is to be trained on them.

    Raises:
        ValueError: It is, or its frames vote.
    """
    if trains:
        refuse_multi_label(
            texts,
            needed_by=f"the training of {type(model).__name__}",
            reason="its loss is a choice among classes",
            remedy="train on videos of one class (all_classes), and test the checkpoint on those of several",
        )
    if model.scoring.scorer == "frame_voting":
        refuse_multi_label(
            texts,
            needed_by="scoring.scorer frame_voting",
            reason="a vote is a choice among classes",
            remedy="take another scorer, such as mean_pooled_cosine",
        )


def refuse_multi_label(texts: Sequence[ClassText], *, needed_by: str, reason: str, remedy: str) -> None:
    """Checks that no set has videos of several labels, for what needs one label a video.

    Args:
        texts: The classes of each set.
        needed_by: What needs it: a model in training, or a callback.
        reason: Why.
        remedy: What to do.

    Raises:
        ValueError: A set has such videos.
    """
    if (name := next((text.set_name for text in texts if text.multi_label), None)) is not None:
        raise ValueError(
            f"{needed_by} needs one class for each video, but those of the set {name!r} show several or none "
            f"(split.protocol multi_label): {reason}; {remedy}"
        )
