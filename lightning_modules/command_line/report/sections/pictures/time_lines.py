"""Time lines of localization: what was found when, beside what is annotated, by video; several runs in one chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from zsar.lightning_modules.command_line.report.charts.scales import number
from zsar.lightning_modules.command_line.report.charts.time_line import Curve, Kind, Span, TimeRow, time_line
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun, part
from zsar.lightning_modules.command_line.report.section import Section
from zsar.lightning_modules.command_line.report.sections.blocks import folded, joined, note, side_by_side
from zsar.lightning_modules.command_line.report.sections.pictures.recorded_numbers import (
    mappings_in,
    numbers_in,
    recorded_numbers,
)

_MOST_VIDEOS = 24
_MOST_CURVES = 3
_ADD = "To see when each video shows what, add --config visualization/timelines to zsar test."

_OfRuns = dict[str, dict[str, Any]]  # numbers by run


def section(runs: Sequence[ReportedRun]) -> Section | None:
    """The section; None where nothing was localized.

    Args:
        runs: The runs of the page.
    """
    videos: dict[tuple[str, str], _OfRuns] = {}
    for run in runs:
        for picture, content in recorded_numbers(run, "timelines"):
            video = part(content, "video", kind=str) or picture.title
            if (part(content, "duration_seconds", kind=float) or 0) > 0:
                videos.setdefault((picture.set_name, video), {})[run.name] = content
    if not videos:
        is_localization = any(run.is_localization for run in runs)
        return Section("time-lines", "Time lines", note(_ADD)) if is_localization else None
    shown: dict[str, list[Markup]] = {}
    for (set_name, video), of_runs in list(videos.items())[:_MOST_VIDEOS]:
        shown.setdefault(set_name, []).append(_chart(set_name, video, of_runs))
    pieces: list[Markup] = []
    for set_name, charts in shown.items():
        beside = side_by_side(charts)
        pieces.append(folded(f"{set_name}: {len(charts)} videos", beside) if pieces else beside)
    if (n_more := len(videos) - _MOST_VIDEOS) > 0:
        pieces.append(note(f"{n_more} more videos are in pictures/timelines of the run folders."))
    return Section("time-lines", "Time lines", joined(pieces), _summary(videos))


def _chart(set_name: str, video: str, of_runs: _OfRuns) -> Markup:
    first = next(iter(of_runs.values()))
    rows: list[TimeRow] = []
    for name in _classes(of_runs):
        annotated = [span for each in _of_class(first, "annotated", name) if (span := _span(each, "annotated"))]
        if first.get("annotated") is not None:
            rows.append(TimeRow(name, annotated))
        for run, content in of_runs.items():
            found = [span for each in _of_class(content, "segments", name) if (span := _found(each))]
            label = run if len(of_runs) > 1 else "found" if first.get("annotated") is not None else name
            if found or annotated or len(of_runs) == 1:
                rows.append(TimeRow(label, found, is_part=len(of_runs) > 1))
    curves = _curves(first) if len(of_runs) == 1 else []
    return time_line(
        rows, duration_seconds=float(first["duration_seconds"]), title=f"{video}, {set_name}", curves=curves
    )


def _classes(of_runs: _OfRuns) -> list[str]:
    """The classes that are annotated, then those that are found, each by time."""
    everything = [
        entry
        for key in ("annotated", "segments")
        for content in of_runs.values()
        for entry in mappings_in(content, key)
    ]
    return list(dict.fromkeys(name for entry in everything if (name := part(entry, "class", kind=str))))


def _of_class(content: dict[str, Any], key: str, name: str) -> list[dict[str, Any]]:
    return [entry for entry in mappings_in(content, key) if entry.get("class") == name]


def _found(entry: Mapping[str, Any]) -> Span | None:
    return _span(entry, "suppressed" if entry.get("suppressed") is True else "found")


def _span(entry: Mapping[str, Any], kind: Kind) -> Span | None:
    start, end, score = (part(entry, key, kind=float) for key in ("start_seconds", "end_seconds", "score"))
    if start is None or end is None:
        return None
    return Span(start, end, kind, "" if score is None else f"score {number(score, 3)}")


def _curves(content: dict[str, Any]) -> list[Curve]:
    curves = []
    for entry in mappings_in(content, "curves")[:_MOST_CURVES]:
        seconds, scores = numbers_in(entry, "times_seconds"), numbers_in(entry, "scores")
        if seconds and len(seconds) == len(scores):
            curves.append(Curve(part(entry, "class", kind=str) or "", seconds, scores))
    return curves


def _summary(videos: Mapping[tuple[str, str], _OfRuns]) -> str:
    n_sets = len({set_name for set_name, _ in videos})
    sets = "" if n_sets == 1 else f" of {n_sets} sets"
    return f"{len(videos)} videos{sets}: what is annotated, and what was found when. Point at a bar for its times."
