"""Average precision by its definition: walk down the distinct scores, and add precision times the gain in recall."""

import math


def average_precision(scores: list[float], shown: list[bool]) -> float:
    """Of one class: the score of each video, and whether it shows the class."""
    n_shown, before, total = sum(shown), 0.0, 0.0
    if n_shown == 0:
        return math.nan
    for threshold in sorted(set(scores), reverse=True):
        taken = [shows for score, shows in zip(scores, shown, strict=True) if score >= threshold]
        recall = sum(taken) / n_shown
        total += (recall - before) * sum(taken) / len(taken)
        before = recall
    return total
