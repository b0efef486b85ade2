"""The scores from which segments are made, after the last step: smoothed (T3AL, 4.3)."""

from __future__ import annotations

from torch import Tensor

from zsar.lightning_modules.localization.frame_scoring import Projections, Similarity, frame_scores, score_rounding
from zsar.lightning_modules.localization.segments import moving_average
from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning


def final_scores(
    features: Tensor, text: Tensor, projections: Projections, settings: ProjectionTuning
) -> tuple[Tensor, float]:
    """Scores of all frames.

    Args:
        features: [N, W].
        text: The unit embedding of the pseudo-label, with the adapted projection, [D].
        projections: The adapted projections.
        settings: Similarity, background and moving average. With similarity "authors" these are cosines times CLIP's
            logit scale, which matters for a threshold on unscaled scores only.

    Returns:
        [N], and the largest difference of scores that count as equal.
    """
    similarity: Similarity = "dot" if settings.similarity == "dot" else "cosine"
    scores = frame_scores(features, text, projections, similarity=similarity, background=settings.background)
    rounding = score_rounding(features, text, projections, similarity)
    if settings.similarity == "authors":
        scale = float(projections.log_scale.exp())
        scores, rounding = scale * scores, scale * rounding
    return moving_average(scores, settings.window_frames, edges=settings.window_edges), rounding
