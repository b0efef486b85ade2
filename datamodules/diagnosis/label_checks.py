"""Checks of videos that show several classes or none: how many each has, and videos and classes without a counterpart.

That a video has a class twice, or one that is not among the given ones, is an error of its list.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from zsar.datamodules.diagnosis.findings import Finding, finding
from zsar.datamodules.lists.label_counts import count_labels
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.trimmed_sets import TrimmedSets

_NEGATIVES = (
    "they count as negatives of every class; where their labels are not known, or to leave them out as the authors' "
    "script of Charades does, exclude them: --data.split.exclude"
)
_NOT_COUNTED = "mAP is the mean over the other classes: say so with every result, or take them out of data.classes"


def check_label_sets(module: TrimmedSets, sets: Mapping[str, VideoTable]) -> list[Finding]:
    """The numbers of classes a video, the videos that show none, and the classes that no video shows.

    Args:
        module: The data.
        sets: {set name: its videos}.

    Returns:
        Three findings for each set; none where videos have one class each.
    """
    findings: list[Finding] = []
    for name, table in sets.items() if module.is_multi_label else ():
        if table.label_sets is None:
            continue
        counts = count_labels(table, module.class_names)
        spread = ", ".join(f"{videos:,} with {n}" for n, videos in counts.videos_by_labels.items())
        findings.append(
            Finding("labels", name, "ok", total=len(table), remark=f"{counts.mean:.2f} classes a video: {spread}")
        )
        without = [table.place(row) for row in np.flatnonzero(~table.label_sets.any(axis=1)).tolist()]
        findings.append(
            finding("videos without a class", name, without, len(table), _NEGATIVES, severity="warning"),
        )
        unseen = counts.without_positives
        findings.append(
            finding("classes without a video", name, unseen, len(counts.n_positives), _NOT_COUNTED, severity="warning")
        )
    return findings
