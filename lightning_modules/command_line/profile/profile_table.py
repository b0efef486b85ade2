"""The table of a profile: a row each, as T2L's Table 1 has methods; and the sentences below it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from zsar.lightning_modules.command_line.summarize.report_table import Cell, Column, ReportTable, TableRow

Record = dict[str, Any]
_NONE = "-"


def profile_tables(rows: Sequence[Record], machine: Record) -> list[ReportTable]:
    """The tables of all rows.

    Args:
        rows: What was measured, as `measured_row` returns it.
        machine: As `machine_record` returns it.

    Returns:
        One of recognizers and one of localizers, as far as there are any.
    """
    recognizers = [row for row in rows if "gflops_per_video" in row]
    localizers = [row for row in rows if "gflops_per_video" not in row]
    tables = []
    if recognizers:
        tables.append(_table(recognizers, _RECOGNIZER, machine))
    if localizers:
        tables.append(_table(localizers, _LOCALIZER, machine))
    return tables


def value_at(row: Record, *keys: str) -> Any:  # noqa: ANN401 - JSON
    """A value of a record, at any depth; None if a part was not measured."""
    value: Any = row
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def peak_mb(row: Record, part: str) -> float | None:
    """The peak of a part: of the device's memory, else of the process above its start."""
    device: float | None = value_at(row, part, "peak_device_mb")
    above: float | None = value_at(row, part, "above_start_mb")
    return above if device is None else device


def _at(*keys: str) -> Callable[[Record], Any]:
    return lambda row: value_at(row, *keys)


def _millions(key: str) -> Callable[[Record], float]:
    return lambda row: float(row["parameters"][key] / 1e6)


# Heading, value, and whether a column is left out where no row has a value.
_RECOGNIZER: tuple[tuple[str, Callable[[Record], Any]], ...] = (
    ("frames", _at("frames_per_view")),
    ("M par.", _millions("total")),
    ("M trained", _millions("trained")),
    ("GFLOPs/video", _at("gflops_per_video")),
    ("videos/s", _at("forward", "videos_per_second")),
    ("MB", lambda row: peak_mb(row, "forward")),
    ("tuned/s", _at("tuned", "videos_per_second")),
    ("trained/s", _at("train", "videos_per_second")),
    ("MB trained", lambda row: peak_mb(row, "train")),
    ("decoded/s", _at("decode", "test", "clips_per_second")),
    ("top-1", _at("result", "value")),
)
_LOCALIZER: tuple[tuple[str, Callable[[Record], Any]], ...] = (
    ("M par.", _millions("total")),
    ("GFLOPs/frame", _at("gflops_per_view")),
    ("frames/s", _at("forward", "frames_per_second")),
    ("MB", lambda row: peak_mb(row, "forward")),
    ("features s/min", _at("minute_of_video", "features")),
    ("search s/min", _at("minute_of_video", "search")),
    ("decode s/min", _at("minute_of_video", "decode")),
    ("mAP", _at("result", "value")),
)


def _table(
    rows: Sequence[Record], columns: Sequence[tuple[str, Callable[[Record], Any]]], machine: Record
) -> ReportTable:
    shown = [(name, value) for name, value in columns if any(value(row) is not None for row in rows)]
    lines = [TableRow((row["name"], *(_cell(value(row)) for _, value in shown))) for row in rows]
    headings = (Column("model", is_number=False), *(Column(name) for name, _ in shown))
    return ReportTable(columns=headings, rows=tuple(lines), title=_title(machine), notes=tuple(_notes(rows)))


def _title(machine: Record) -> str:
    where = machine["gpu"] or f"{machine['cpu']}, {machine['threads']} of {machine['processors']} processors"
    return f"cost on {where}"


def _cell(value: float | None) -> Cell:
    """Whole numbers as they are, others with three digits that count."""
    if value is None:
        return _NONE
    if isinstance(value, int):
        return value
    for decimals, least in ((0, 100), (1, 10), (2, 1)):
        if abs(value) >= least:
            return f"{value:,.{decimals}f}"
    return f"{value:.3g}"


def _notes(rows: Sequence[Record]) -> list[str]:
    notes = [f"GFLOPs: {row['counted']}" for row in rows]
    notes += [_of_steps(row) for row in rows if "forward" in row or "train" in row]
    notes += [_of_decoding(row) for row in rows if "decode" in row]
    return list(dict.fromkeys(notes))


def _of_steps(row: Record) -> str:
    """How the steps of a row were run."""
    first = row.get("forward") or row["train"]
    classes = row["classes"]["test"]
    batch = f"{first['videos_per_step']} videos" if first["videos_per_step"] else f"{first['frames_per_step']} frames"
    memory = "of the device" if first["peak_device_mb"] is not None else "of the process, above its start"
    text = f", embedded in {row['text_seconds']:.3g} s before" if "text_seconds" in row else ""
    return (
        f"{row['name']}: {batch} a step, {row['precision']}, median of {first['n_steps']}; {classes['n']} classes x "
        f"{classes['prompts_per_class']} prompts ({classes['source']}){text}; MB: peak {memory}"
    )


def _of_decoding(row: Record) -> str:
    decode = row["decode"]
    needed = [
        f"{of_stage['processes_that_feed_the_model']} to feed the {what}"
        for stage, what in (("test", "forward pass"), ("train", "training step"))
        if "processes_that_feed_the_model" in (of_stage := decode.get(stage) or {})
    ]
    processes = f"; processes needed: {', '.join(needed)}" if needed else ""
    why = f" ({decode['why_rendered']})" if decode["why_rendered"] else ""
    return f"{row['name']}: decoded in one process: {decode['of']}{why}{processes}"
