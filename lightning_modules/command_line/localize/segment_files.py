"""Segments as files that other programs read: subtitles (.srt) for players, and a table (.csv)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from zsar.api.localization.localization import Segment
from zsar.runtime.files.whole_files import write_text_whole

COLUMNS = ("start_seconds", "end_seconds", "class", "score", "suppressed")


def write_subtitles(path: Path, segments: Sequence[Segment]) -> Path:
    """Writes one SubRip cue, "class (score)", for each segment.

    Overlapping segments have overlapping cues, which players show together. A cue lasts at least a millisecond, the
    unit of the format.

    Args:
        path: The file, replaced if it exists; empty if nothing was found.
        segments: Segments in temporal order.

    Returns:
        The path.

    Raises:
        OSError: It cannot be written.
    """
    return write_text_whole(path, "\n".join(_cue(number, segment) for number, segment in enumerate(segments, start=1)))


def _cue(number: int, segment: Segment) -> str:
    start = round(1000 * segment.start_seconds)
    end = max(start + 1, round(1000 * segment.end_seconds))
    return f"{number}\n{_time(start)} --> {_time(end)}\n{segment.class_name} ({segment.score:.2f})\n"


def _time(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d},{rest:03d}"


def write_table(path: Path, found: Sequence[tuple[Segment, bool]]) -> Path:
    """Writes all segments, suppressed ones included, as CSV with the header `COLUMNS`.

    Args:
        path: The file, replaced if it exists.
        found: Segments in temporal order, and whether each was suppressed.

    Returns:
        The path.

    Raises:
        OSError: It cannot be written.
    """
    table = io.StringIO(newline="")
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(COLUMNS)
    for s, suppressed in found:
        times = (round(s.start_seconds, 4), round(s.end_seconds, 4))
        rows.writerow((*times, s.class_name, round(s.score, 6), str(suppressed).lower()))
    return write_text_whole(path, table.getvalue())
