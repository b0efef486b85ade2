"""Scores of the segments of one pseudo-label, but for the probability, which depends on the other classes of a set.

FreeZAD leaves the last frame of a segment out of its LogOIC, and drops segments of one frame. Here one of a single
frame, where these are kept, has that frame inside.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from torch import Tensor

from zsar.lightning_modules.localization.contract import UntrimmedFeatures
from zsar.lightning_modules.localization.frame_scoring import Projections, background_features, frame_scores
from zsar.lightning_modules.localization.segments import Segment, mean_score
from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning
from zsar.lightning_modules.t3al.segment_scores.log_oic import actionness, log_oic

SegmentScore = Literal["probability", "mean", "max", "length", "log_oic", "log_oic_actionness"]

_OF_SIMILARITIES = ("log_oic", "log_oic_actionness")


def check_has_similarities(score: SegmentScore, tuning: ProjectionTuning, *, compares_all: bool) -> None:
    """Checks that LogOIC, if it is needed, is of what its authors take it of.

    Args:
        score: The score of segments.
        tuning: Decides what frames are compared with.
        compares_all: Whether all scores are compared.

    Raises:
        ValueError: Frames are scored by a dot product, or without their label.
    """
    if not (compares_all or score in _OF_SIMILARITIES):
        return
    if tuning.similarity == "dot" or tuning.background == "pseudo_label":
        setting = "compares_segment_scores: true" if compares_all else f"segment_score {score!r}"
        raise ValueError(
            f"{setting} needs cosines of frames, with or without their mean; got tuning.similarity "
            f"{tuning.similarity!r} and tuning.background {tuning.background!r}; set similarity to cosine or authors, "
            "and background to video_mean or none"
        )


def scored_segments(
    segments: Sequence[Segment],
    names: Collection[str],
    *,
    curve: Tensor,
    video: UntrimmedFeatures,
    text: Tensor,
    projections: Projections,
    tuning: ProjectionTuning,
) -> tuple[Mapping[str, float], ...]:
    """Scores of segments.

    Args:
        segments: M segments of a video.
        names: The scores, of which the probability is left to `localization_of`.
        curve: The smoothed scores that the segments come from, scaled to 0..1, [N].
        video: The video.
        text: The unit vector [D] that frames are compared with: of the label by the adapted projection, or a prototype.
        projections: The adapted projections, and the temperature.
        tuning: Says which background is removed from frames.

    Returns:
        For each segment {name: score}: "mean" and "max" of the curve; "length" in seconds; "log_oic" of temperature x
        cosine of the frames, with the adapted projections; "log_oic_actionness", that times the actionness.
    """
    curve = curve.double()
    similarities = None
    if segments and set(names) & set(_OF_SIMILARITIES):
        cosines = frame_scores(video.features, text, projections, similarity="cosine", background=tuning.background)
        similarities = (cosines.double() * projections.log_scale.double().exp()).cpu()
        background = background_features(video.features, tuning.background)
    scored = []
    for segment in segments:
        inside = curve[segment.first_frame : segment.last_frame + 1]
        scores = {
            "mean": mean_score(inside),
            "max": float(inside.amax()),
            "length": segment.end_seconds - segment.start_seconds,
        }
        if similarities is not None:
            first, end = segment.first_frame, max(segment.last_frame, segment.first_frame + 1)
            scores["log_oic"] = log_oic(similarities, first, end)
            frames = (video.features[first:end] - background) @ projections.visual
            scores["log_oic_actionness"] = scores["log_oic"] * actionness(frames)
        scored.append({name: score for name, score in scores.items() if name in names})
    return tuple(scored)
