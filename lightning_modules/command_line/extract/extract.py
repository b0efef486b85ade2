"""`zsar extract`: stores frame features of long videos, before the projection, and captions, for later runs."""

from __future__ import annotations

import shutil
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import ProgressColumn, Task
from rich.text import Text

from zsar.api.devices import device_names
from zsar.api.extraction.extraction import (
    Extraction,
    FramesDone,
    Report,
    VideoJob,
    extract_videos,
)
from zsar.api.extraction.extraction_on_devices import extract_on_devices
from zsar.api.extraction.loaded_backbone import load_backbone
from zsar.api.extraction.unfinished_jobs import unfinished_jobs
from zsar.datamodules.lists.given_videos import given_videos, videos_by_output
from zsar.lightning_modules.command_line.damage_option import accepted_damage
from zsar.lightning_modules.command_line.extract.extract_options import ExtractOptions
from zsar.lightning_modules.command_line.extract.requested_extractions import requested_extractions
from zsar.lightning_modules.localization.stored.feature_files import SUFFIX as FEATURES_SUFFIX
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.runtime.terminal import message_console, progress_bar, progress_text, say, say_of, styled, waiting


def run(options: ExtractOptions) -> int:
    """Runs the command.

    Args:
        options: The parsed command line.

    Returns:
        0, or 1 if a video could not be decoded; the others are still processed.

    Raises:
        ValueError: No video, two videos with the same output file, a number out of range, an option without effect, or
            an output that cannot be written.
        BackboneError: The model cannot be built or is unsuitable, or the packages for captions are not installed.
        FeatureFileError: The output folder holds features of other frames, another model, stride or type.
        CaptionFileError: The output folder holds captions of other frames, another model or setting.
    """
    extractions = requested_extractions(options)
    devices = device_names(options.device.device, options.devices)
    jobs = [list_jobs(options.videos, options.output, extraction.suffix) for extraction in extractions]
    console = message_console()
    with waiting(console, "loading the model (the first time, its weights are downloaded)"):
        backbone = load_backbone(extractions[0], devices[0] if len(devices) == 1 else "cpu")
    for extraction in extractions:
        extraction.check_model(backbone)
    # All existing files are checked before any work begins.
    left = [
        all_jobs if options.overwrite else unfinished_jobs(all_jobs, extraction, backbone)
        for all_jobs, extraction in zip(jobs, extractions, strict=True)
    ]
    all_done = True
    for extraction, all_jobs, jobs_left in zip(extractions, jobs, left, strict=True):
        outcome = _extract_into(options.output, backbone, devices, jobs_left, extraction, console)
        _print(outcome, extraction, options.output, n_videos=len(all_jobs), n_left=len(jobs_left))
        all_done = all_done and not outcome.problems
    return 0 if all_done else 1


def list_jobs(sources: Sequence[Path], output: Path, suffix: str = FEATURES_SUFFIX) -> list[VideoJob]:
    """Lists the videos, each once, with their output files, named by the path in the given folder or by the given file.

    Args:
        sources: Video files, folders of videos and glob patterns.
        output: The output folder.
        suffix: Suffix of the output files, instead of the videos'.

    Raises:
        ValueError: There is no such file, video or match, or two videos would have the same output file.
    """
    videos = (video for source in sources for video in given_videos(source))
    remedy = "rename one of them, or give two output folders"
    outputs = videos_by_output(videos, lambda name: output / name.with_suffix(suffix), remedy=remedy)
    return [VideoJob(path, name.as_posix(), destination) for destination, (path, name) in outputs.items()]


@dataclass(frozen=True)
class _Outcome:
    """Number of processed frames, seconds, and (video, problem) of failures."""

    n_frames: int
    seconds: float
    problems: list[tuple[str, str]]


def _print(outcome: _Outcome, extraction: Extraction, output: Path, *, n_videos: int, n_left: int) -> None:
    n_done, n_before = n_videos - len(outcome.problems), n_videos - n_left
    say(f"{extraction.product} of {n_done} of {n_videos} videos are in {output} ({n_before} were before)")
    if outcome.n_frames:
        say(f"{outcome.n_frames} frames in {outcome.seconds:.1f} s, {outcome.n_frames / outcome.seconds:.1f} frames/s")
    for name, problem in outcome.problems:
        say_of("red", f"{extraction.failure}:", f"{name}: {problem}")


def _extract_into(
    output: Path,
    backbone: OpenClipBackbone,
    devices: Sequence[str],
    jobs: Sequence[VideoJob],
    extraction: Extraction,
    console: Console,
) -> _Outcome:
    """Runs an extraction; explains what to do if a file cannot be written."""
    began = time.perf_counter()
    try:
        n_frames, problems = _extract(backbone, devices, jobs, extraction, console) if jobs else (0, [])
    except OSError as error:
        free = shutil.disk_usage(output).free / 1e9 if output.is_dir() else 0.0
        raise ValueError(
            f"{error.filename or output}: {error.strerror or error}; {output} has {free:.2f} GB free. "
            "Fix this and rerun the same command; it resumes where it stopped"
        ) from error
    return _Outcome(n_frames, time.perf_counter() - began, problems)


def _extract(
    backbone: OpenClipBackbone,
    devices: Sequence[str],
    jobs: Sequence[VideoJob],
    extraction: Extraction,
    console: Console,
) -> tuple[int, list[tuple[str, str]]]:
    """Runs an extraction with a progress bar; returns the number of frames and (video, problem) of failures."""
    problems: list[tuple[str, str]] = []
    n_frames, n_damaged = 0, list[int]()
    with (
        progress_bar(console, progress_text("videos"), _FramesPerSecond()) as progress,
        closing(_reports(backbone, devices, jobs, extraction)) as reports,
    ):
        bar = progress.add_task(extraction.product, total=len(jobs), frames=0)
        for report in reports:
            if isinstance(report, FramesDone):
                n_frames += report.n
                progress.update(bar, frames=n_frames)
                continue
            if report.problem is not None:
                problems.append((report.name, report.problem))
            n_damaged.append(report.n_damaged)
            progress.advance(bar)
    if any(n_damaged):
        say(accepted_damage(n_damaged))
    return n_frames, sorted(problems)


def _reports(
    backbone: OpenClipBackbone, devices: Sequence[str], jobs: Sequence[VideoJob], extraction: Extraction
) -> Generator[Report, None, None]:
    if len(devices) == 1:
        return extract_videos(backbone, jobs, extraction)
    return extract_on_devices(devices, jobs, extraction)


class _FramesPerSecond(ProgressColumn):
    """Number of processed frames, in total and per second."""

    def render(self, task: Task) -> Text:
        """The numbers."""
        n = task.fields["frames"]
        return styled(f"{n} frames, {n / task.elapsed:.1f} frames/s" if task.elapsed else "")
