"""`zsar search`: ranks an archive of stored embeddings by a text."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from zsar.api.devices import device_names
from zsar.api.embeddings.archive import open_archive
from zsar.api.embeddings.search import SearchHit, SearchResult, search
from zsar.api.embeddings.tower_model import model_of_tower
from zsar.lightning_modules.command_line.search.search_options import SearchOptions
from zsar.runtime.files.whole_files import write_text_whole
from zsar.runtime.terminal import message_console, print_json, print_whole, result_console, say, styled, waiting
from zsar.runtime.text.written_names import written_name

_COLUMNS = ("query", "rank", "video", "file", "score", "start_seconds", "end_seconds")


def run(options: SearchOptions) -> int:
    """Searches and prints the hits.

    Args:
        options: The parsed command line.

    Returns:
        0.

    Raises:
        EmbeddingFileError: The folder has no embeddings, or of several models; or a file is damaged.
        ValueError: The model is not the one that embedded the videos, or the output is not a CSV file in a folder.
    """
    _check_output(options.found.output)
    archive = open_archive(options.folder)
    (device,) = device_names(options.device.device, 1)
    with waiting(message_console(), "loading the model that embedded the videos"):
        model = model_of_tower(
            archive.tower,
            weights=options.weights,
            tokenizer=None if options.tokenizer.tokenizer is None else str(options.tokenizer.tokenizer),
            checkpoint=options.checkpoint,
            device=device,
        )
    began = time.perf_counter()
    found = search(archive, list(options.queries), top_k=options.found.top_k, template=options.template, model=model)
    seconds = time.perf_counter() - began
    results = found if isinstance(found, list) else [found]
    if options.found.output is not None:
        write_text_whole(options.found.output, _as_csv(results))
    if options.found.json:
        print_json([result.to_dict() for result in results])
    else:
        print_whole(result_console(), _table(results))
        first = results[0]
        say(f"{first.n_frames:,} frames of {first.n_videos:,} videos in {seconds:.2f} s")
    if options.found.output is not None:
        say(f"wrote {options.found.output}", error=True)
    return 0


def _check_output(output: Path | None) -> None:
    if output is None:
        return
    if output.suffix.lower() != ".csv":
        raise ValueError(f"--output {output}: hits are written as CSV; give a file that ends in .csv")
    if output.is_dir() or not output.absolute().parent.is_dir():
        problem = "is a folder" if output.is_dir() else f"its folder {output.absolute().parent} does not exist"
        raise ValueError(f"--output {output}: {problem}; give a file in an existing folder")


def _table(results: Sequence[SearchResult]) -> Table:
    timed = any(hit.start_seconds is not None for result in results for hit in result.hits)
    table = Table("text", "rank", "video", *(("start", "end") if timed else ()), "score")
    for column in table.columns[1:2] + table.columns[3:]:
        column.justify = "right"
    for result in results:
        for hit in result.hits:
            times = (clock(hit.start_seconds), clock(hit.end_seconds)) if timed else ()
            text = styled(result.query, "bold") if hit.rank == 1 else ""
            last = hit.rank == len(result.hits)
            table.add_row(text, str(hit.rank), styled(hit.video), *times, f"{hit.score:.3f}", end_section=last)
    return table


def clock(seconds: float | None) -> str:
    """A time as mm:ss, or h:mm:ss from an hour on; empty for None.

    Args:
        seconds: The time in seconds.
    """
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes:02}:{rest:02}"


def _as_csv(results: Sequence[SearchResult]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for result in results:
        writer.writerows(_row(result.query, hit) for hit in result.hits)
    return text.getvalue()


def _row(query: str, hit: SearchHit) -> list[object]:
    times = ["" if value is None else round(value, 3) for value in (hit.start_seconds, hit.end_seconds)]
    return [query, hit.rank, written_name(hit.video), written_name(hit.file), round(hit.score, 6), *times]
