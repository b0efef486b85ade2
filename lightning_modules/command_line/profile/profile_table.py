"""The table of a profile: a row each, as T2L's Table 1 has methods; and the sentences below it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
    ("par. M", _millions("total")),
    ("trained M", _millions("trained")),
    ("GFLOPs", _at("gflops_per_video")),
    ("text s", _at("text_seconds")),
    ("test/s", _at("forward", "videos_per_second")),
    ("test MB", lambda row: peak_mb(row, "forward")),
    ("tuned/s", _at("tuned", "videos_per_second")),
    ("tuned MB", lambda row: peak_mb(row, "tuned")),
    ("train/s", _at("train", "videos_per_second")),
    ("train MB", lambda row: peak_mb(row, "train")),
    ("decode/s", _at("decode", "test", "clips_per_second")),
    ("top-1", _at("result", "value")),
)
_LOCALIZER: tuple[tuple[str, Callable[[Record], Any]], ...] = (
    ("par. M", _millions("total")),
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
    of_rows = "series" if any(name == "frames" for name, _ in shown) else "name"
    lines = [TableRow((row[of_rows], *(_cell(value(row)) for _, value in shown))) for row in rows]
    headings = (Column("model", is_number=False), *(Column(name) for name, _ in shown))
    return ReportTable(columns=headings, rows=tuple(lines), title=_title(machine), notes=tuple(_notes(rows)))


def _title(machine: Record) -> str:
    threads = machine["threads"]
    where = machine["gpu"] or f"{machine['cpu']}, {threads} thread{'s' * (threads != 1)}"
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
    """Sentences about the rows, each once; those that do not hold for all name their rows."""
    of_rows: dict[str, list[str]] = {}
    for row in rows:
        for note in _notes_of(row):
            of_rows.setdefault(note, []).append(row["name"])
    return [note if len(names) == len(rows) else f"{', '.join(names)}: {note}" for note, names in of_rows.items()]


def _notes_of(row: Record) -> Iterator[str]:
    unit = "a video" if "gflops_per_video" in row else "a frame"
    yield f"GFLOPs of {unit}: {row['counted']}"
    if "forward" in row or "train" in row:
        yield _of_steps(row)
        yield _of_classes(row)
    if "forward" in row and "gflops_per_video" in row:
        yield "videos a second: test from frames on the device to logits, train with backward pass and optimizer"
    if "minute_of_video" in row:
        yield _of_minute(row)
    if "decode" in row:
        yield _of_decoding(row)
        yield from _of_processes(row)


def _of_steps(row: Record) -> str:
    """How the steps of a row were run."""
    steps = {stage: row[part] for stage, part in (("test", "forward"), ("training", "train")) if part in row}
    unit = "videos" if "gflops_per_video" in row else "frames"
    sizes = {stage: of_stage[f"{unit}_per_step"] for stage, of_stage in steps.items()}
    first = next(iter(steps.values()))
    memory = "of the device" if first["peak_device_mb"] is not None else "of the process, above its start"
    batches = " and ".join(f"{size} {unit} a step" for size in dict.fromkeys(sizes.values()))
    return f"{batches}, {row['precision']}, median of {first['n_steps']} steps; MB: peak {memory}"


def _of_classes(row: Record) -> str:
    classes = row["classes"]["test"]
    prompts = f"{classes['prompts_per_class']} prompt{'s' * (classes['prompts_per_class'] != 1)}"
    return f"{classes['n']} classes, {prompts} each ({classes['source']}), embedded before the test"


def _of_minute(row: Record) -> str:
    n = row["minute_of_video"]["n_frames"]
    return (
        f"s/min: seconds for a minute of video at 25 frames/s, {n} frames of which are read; the search is in frames "
        "that show no action"
    )


def _of_decoding(row: Record) -> str:
    decode = row["decode"]
    why = f" ({decode['why_rendered']})" if decode["why_rendered"] else ""
    return f"decoded in one process: {decode['of']}{why}"


def _of_processes(row: Record) -> Iterator[str]:
    """How many processes decode as fast as the model works."""
    needed = [
        f"{of_stage['processes_that_feed_the_model']} in {stage}"
        for stage in ("test", "train")
        if "processes_that_feed_the_model" in (of_stage := row["decode"].get(stage) or {})
    ]
    if needed:
        yield f"processes that decode as fast as the model works: {', '.join(needed)}"
