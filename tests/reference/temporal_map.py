"""Temporal mAP of plain tuples: each prediction in turn, looking at every instance, for one class and threshold."""

from __future__ import annotations

Prediction = tuple[int, int, float, float, float]  # video, class, start, end, score
Instance = tuple[int, int, float, float]  # video, class, start, end


def temporal_map(predictions: list[Prediction], truth: list[Instance], threshold: float) -> float:
    """Mean over the classes of `truth` of their average precision in percent."""
    labels = {instance[1] for instance in truth}
    return 100 * sum(average_precision(predictions, truth, label, threshold) for label in labels) / len(labels)


def average_precision(predictions: list[Prediction], truth: list[Instance], label: int, threshold: float) -> float:
    """Area under the precision-recall curve of one class, from 0 to 1."""
    ranked = sorted((p for p in predictions if p[1] == label), key=lambda p: (-p[4], p[0], p[2], p[3]))
    instances = sorted(t for t in truth if t[1] == label)
    free = set(range(len(instances)))
    recalls, precisions = [0.0], [1.0]
    n_found = 0
    for n_seen, (video, _, start, end, _) in enumerate(ranked, start=1):
        best, best_iou = -1, 0.0
        for i in sorted(free):  # the best free one is the next best of all
            if instances[i][0] == video:
                overlap = iou(start, end, instances[i][2], instances[i][3])
                if overlap >= threshold and overlap > best_iou:
                    best, best_iou = i, overlap
        if best >= 0:
            free.remove(best)
            n_found += 1
        recalls.append(n_found / len(instances))
        precisions.append(n_found / n_seen)
    area = 0.0
    for k in range(1, len(recalls)):
        area += (recalls[k] - recalls[k - 1]) * max(precisions[k:])
    return area


def iou(start: float, end: float, other_start: float, other_end: float) -> float:
    """Intersection over union of two intervals; 0 where they do not overlap."""
    intersection = min(end, other_end) - max(start, other_start)
    if intersection <= 0:
        return 0.0
    return intersection / ((end - start) + (other_end - other_start) - intersection)
