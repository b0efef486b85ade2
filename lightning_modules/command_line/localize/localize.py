"""`zsar localize`: finds when actions happen in your own videos, among class names that you give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from zsar.api.extraction.extraction import FramesDone
from zsar.api.localization.localization import Localization
from zsar.api.localization.localized_videos import SearchedVideo, failed, localized
from zsar.api.localization.search import Search, feature_folder
from zsar.datamodules.lists.localization_splits import Instance
from zsar.datamodules.untrimmed_frames import UntrimmedVideo, frames_at
from zsar.datamodules.video_files.decoding import VideoDecodeError
from zsar.lightning_modules.command_line.drawn_copies import DrawnCopies, planned_copies
from zsar.lightning_modules.command_line.extract.extract import list_jobs
from zsar.lightning_modules.command_line.localize.localization_report import (
    heading,
    read_annotated,
    segment_table,
    write_report,
)
from zsar.lightning_modules.command_line.localize.localize_options import LocalizeOptions
from zsar.lightning_modules.command_line.localize.requested_search import requested_names, requested_search
from zsar.lightning_modules.localization.stored.caption_files import SUFFIX as CAPTIONS_SUFFIX
from zsar.lightning_modules.localization.stored.caption_files import read_captions
from zsar.lightning_modules.localization.stored.feature_files import SUFFIX as FEATURES_SUFFIX
from zsar.lightning_modules.localization.stored.stored_sources import check_stored_captions
from zsar.runtime.files.output_folders import check_output_folder
from zsar.runtime.files.same_files import each_file_once
from zsar.runtime.shards.stored_videos import stored_problem
from zsar.runtime.terminal import (
    message_console,
    print_json,
    print_whole,
    progress_bar,
    progress_text,
    result_console,
    say,
    say_of,
    styled,
    waiting,
)

_THUMBNAIL_PX = 160


def run(options: LocalizeOptions) -> int:
    """Runs the command.

    Args:
        options: The parsed command line.

    Returns:
        0, or 1 if a video could not be decoded; the others are still processed.

    Raises:
        ValueError: No video, no class, conflicting options, a number out of range, or a folder that cannot be written.
        FileNotFoundError: The annotations or the captions of a video are missing.
        BackboneError: The model cannot be built, or cannot write captions.
        CheckpointError: The checkpoint cannot be read.
        FeatureFileError: The folder of features holds features of another model or stride.
        CaptionFileError: A file of captions cannot be used.
    """
    check_output_folder(options.output.output, option="--output")
    text = requested_names(options)
    videos = _list_videos(options)
    copies = planned_copies(options.draw.draw, [(_path(video), Path(f"{video.id}.mp4")) for video in videos])
    _check_captions(options, videos)
    annotated = None
    if options.output.annotations is not None:
        annotated = read_annotated(options.output.annotations, [video.id for video in videos], text.names)
    console = message_console()
    with waiting(console, "loading the model (the first time, its weights are downloaded)"):
        search = requested_search(options, text)
    try:
        with feature_folder(options.model.features) as folder:
            done = _localize(_Run(options, search, folder, annotated), videos, console)
    except OSError as error:
        problem = str(error.strerror or error)  # which names the file, if the error does not
        raise ValueError(problem if error.filename is None else f"{error.filename}: {problem}") from error
    drawing = DrawnCopies(copies, on_damage=options.damage.on_damage, hidden=not copies)
    with drawing:
        lines = [
            {**video.to_dict(), **drawing.add(video.path, video, error=video.error)}
            for video in drawing.tracked(done, "drawing", total=len(done))
        ]
    _print(options, search, done, lines)
    drawing.say_result(options.draw.draw)
    return 1 if drawing.n_failed or any(video.error is not None for video in done) else 0


@dataclass(frozen=True, eq=False)
class _Run:
    """What all videos share."""

    options: LocalizeOptions
    search: Search
    features: Path
    annotated: Mapping[str, tuple[Instance, ...]] | None


def _list_videos(options: LocalizeOptions) -> list[UntrimmedVideo]:
    """The videos; a file reached by several paths is listed once, under its first name."""
    jobs = list_jobs(options.videos, options.output.output, ".json")
    jobs = [jobs[row] for row in each_file_once([str(job.source) for job in jobs])]
    return [UntrimmedVideo(Path(job.name).with_suffix("").as_posix(), job.source, None) for job in jobs]


def _check_captions(options: LocalizeOptions, videos: Sequence[UntrimmedVideo]) -> None:
    """Checks the files of captions before the long work."""
    captions = options.method.captions
    if captions is None:
        return
    readable = [video for video in videos if stored_problem(_path(video)) is None]
    for video in readable:
        read_captions(captions / f"{video.id}{CAPTIONS_SUFFIX}")
    geometry, on_damage = options.geometry.geometry, options.damage.on_damage
    check_stored_captions(captions, readable, geometry=geometry, on_damage=on_damage)


# --- the work ---------------------------------------------------------------------------------------------------------


def _localize(run: _Run, videos: Sequence[UntrimmedVideo], console: Console) -> list[Localization]:
    """Finds actions in each video and writes its files; in the order of the videos."""
    searched = [
        SearchedVideo(video.id, _path(video), run.features / f"{video.id}{FEATURES_SUFFIX}") for video in videos
    ]
    done: dict[int, Localization] = {}
    counts = progress_text("videos, {task.fields[frames]} frames, {task.fields[rate]:.1f} frames/s")
    with (
        progress_bar(console, counts, transient=True) as progress,
        closing(localized(run.search, searched)) as reports,
    ):
        bar = progress.add_task("localizing", total=len(videos), frames=0, rate=0.0)
        n_frames = 0
        for report in reports:
            if isinstance(report, FramesDone):
                n_frames += report.n
                elapsed = progress.tasks[0].elapsed or 1e-9
                progress.update(bar, frames=n_frames, rate=n_frames / elapsed)
                continue
            row, found = report
            done[row] = _written(run, videos[row], found)
            progress.advance(bar)
    return [done[row] for row in sorted(done)]


def _written(run: _Run, video: UntrimmedVideo, found: Localization) -> Localization:
    """Writes the files of a video; returns its answer with the ground truth, or with the problem of its pictures."""
    if found.error is not None:
        return found
    if run.annotated is not None:
        found = replace(found, annotated=run.annotated[video.id])
    geometry, on_damage = run.search.features.geometry, run.search.features.on_damage
    shown = partial(frames_at, video, image_size=_THUMBNAIL_PX, geometry=geometry, on_damage=on_damage)
    try:
        write_report(run.options.output.output, found, shown)
    except VideoDecodeError as error:
        return failed(video.id, str(video.path), str(error))
    return found


def _path(video: UntrimmedVideo) -> Path:
    assert video.path is not None  # only existing videos are listed
    return video.path


# --- what is printed --------------------------------------------------------------------------------------------------


def _print(
    options: LocalizeOptions, search: Search, done: Sequence[Localization], lines: Sequence[Mapping[str, Any]]
) -> None:
    found = [video for video in done if video.error is None]
    problems = [video for video in done if video.error is not None]
    if options.output.json:
        print_json(sorted(lines, key=lambda line: line["error"] is not None))
    else:
        tables = result_console()
        for video in found:
            tables.print(styled(heading(video), "bold"), soft_wrap=True)
            print_whole(tables, segment_table(video))
    if found:
        if options.method.suppress is None and any(video.lacks_captions for video in found):
            say(f"{search.ready.architecture} writes no captions, so no segments are suppressed", error=True)
        say(f"JSON, CSV, subtitles and pictures are in {options.output.output}", error=True)
    for video in problems:
        say_of("red", "not localized:", str(video.error))
