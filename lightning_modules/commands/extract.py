"""`zsar extract`: frame features of long videos, before the projection, computed once for all later runs."""

from __future__ import annotations

import argparse
import os
import shutil
import time
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path

import torch
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
from rich.text import Text

from datamodules.streaming import FrameStride
from datamodules.video_index import find_videos
from lightning_modules.commands.extraction import (
    ExtractionSettings,
    FeatureJob,
    FramesDone,
    Report,
    extract_on_devices,
    extract_videos,
    load_backbone,
)
from lightning_modules.feature_files import SUFFIX, FeatureFileError, check_source, read_source
from lightning_modules.networks.open_clip_backbone import OpenClipBackbone


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: The command line after `zsar extract`; None for the real one.

    Returns:
        0, or 1 where a video could not be decoded; the others are finished all the same.

    Raises:
        ValueError: No video, two videos with one file of features, a number out of range, or the output cannot be
            written.
        FeatureFileError: There are features of another model, stride or type in the output folder.
    """
    options = _parser().parse_args(arguments)
    settings = _settings(options)
    devices = _devices(options.device, options.devices)
    jobs = list_jobs(options.videos, options.output)
    console = Console(stderr=True)
    with console.status("loading the model, and its weights if they are not here yet"):
        backbone = load_backbone(settings, devices[0] if len(devices) == 1 else "cpu")
    left = jobs if options.overwrite else unfinished_jobs(jobs, settings, backbone.weights_hash)
    began = time.perf_counter()
    try:
        n_frames, problems = _extract(backbone, devices, left, settings, console)
    except OSError as error:
        free = shutil.disk_usage(options.output).free / 1e9 if options.output.is_dir() else 0.0
        raise ValueError(
            f"{error.filename or options.output}: {error.strerror or error}; {options.output} has {free:.2f} GB free. "
            "When that is mended, run the same command again: it goes on where it stopped"
        ) from error
    seconds = time.perf_counter() - began
    n_done, n_before = len(jobs) - len(problems), len(jobs) - len(left)
    print(f"features of {n_done} of {len(jobs)} videos are in {options.output} ({n_before} were before)")
    if n_frames:
        print(f"{n_frames} frames in {seconds:.1f} s, {n_frames / seconds:.1f} frames/s")
    for name, problem in problems:
        console.print(f"[red]not extracted:[/red] {escape(name)}: {escape(problem)}", highlight=False, soft_wrap=True)
    return 1 if problems else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="zsar extract",
        description="Compute the features of the frames of long videos, before the model's projection, and store them: "
        "one .safetensors file for each video, under the same folders. A run that was stopped goes on where it was; a "
        "video that cannot be decoded is named at the end, and the others are finished all the same.",
        epilog="Memory does not grow with the size of the picture; with the length of a video only its features do.",
    )
    parser.add_argument("videos", nargs="+", type=Path, metavar="VIDEO", help="video files, or folders of videos")
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FOLDER", help="where the files go; one run at a time may write"
    )
    parser.add_argument(
        "--architecture", default="ViT-B-16-quickgelu", metavar="NAME", help="open_clip model (default: %(default)s)"
    )
    parser.add_argument("--weights", metavar="W", help="open_clip tag or weights file (default: openai)")
    stride = parser.add_mutually_exclusive_group()
    stride.add_argument("--stride", type=int, default=1, metavar="N", help="take every N-th frame (default: all)")
    stride.add_argument(
        "--stride-seconds", type=float, metavar="S", help="take the frame on the screen every S seconds instead"
    )
    parser.add_argument("--dtype", choices=("fp16", "fp32"), default="fp16", help="as stored (default: %(default)s)")
    parser.add_argument(
        "--batch-size", type=int, default=64, metavar="N", help="frames embedded together (default: %(default)s)"
    )
    parser.add_argument("--device", default="auto", help="cpu, cuda, mps (default: a GPU if there is one)")
    parser.add_argument(
        "--devices", type=int, default=1, metavar="N", help="GPUs to share the videos (default: %(default)s)"
    )
    parser.add_argument(
        "--n-workers",
        type=int,
        metavar="N",
        help="decoding processes of each device; 0 for none (default: one less than its share of the processors)",
    )
    parser.add_argument("--overwrite", action="store_true", help="make all files anew, whatever is there")
    return parser


def _settings(options: argparse.Namespace) -> ExtractionSettings:
    seconds = options.stride_seconds
    stride = FrameStride(frames=options.stride) if seconds is None else FrameStride(frames=None, seconds=seconds)
    if options.batch_size < 1:
        raise ValueError(f"--batch-size must be at least 1; got {options.batch_size}")
    if options.n_workers is not None and options.n_workers < 0:
        raise ValueError(f"--n-workers must be 0 or more; got {options.n_workers}")
    if options.devices < 1:
        raise ValueError(f"--devices must be at least 1; got {options.devices}")
    brings_weights = options.architecture.startswith(("hf-hub:", "local-dir:"))
    n_processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    n_workers = options.n_workers
    return ExtractionSettings(
        architecture=options.architecture,
        weights=options.weights or (None if brings_weights else "openai"),
        stride=stride,
        dtype=options.dtype,
        batch_size=options.batch_size,
        n_workers=max(1, n_processors // options.devices - 1) if n_workers is None else n_workers,
    )


def _devices(device: str, n: int) -> list[str]:
    """The names of the devices; on the CPU one process for each is started all the same.

    Raises:
        ValueError: There are not so many.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if n == 1:
        return [device]
    if device == "cuda":
        if n > torch.cuda.device_count():
            raise ValueError(f"--devices {n} is asked for, but there are {torch.cuda.device_count()} GPUs")
        return [f"cuda:{i}" for i in range(n)]
    if device != "cpu":
        raise ValueError(f"--devices {n} needs --device cuda or cpu; got {device}")
    return ["cpu"] * n


def list_jobs(sources: Sequence[Path], output: Path) -> list[FeatureJob]:
    """The videos, each once, and where their features go: the path in the given folder, or the name of a given file.

    Args:
        sources: Video files and folders of videos.
        output: The folder of the files of features.

    Raises:
        ValueError: There is no such file or no video in a folder, or two videos would have one file of features.
    """
    jobs: dict[Path, FeatureJob] = {}
    for source in sources:
        found = list(find_videos(source)) if source.is_dir() else [source] if source.is_file() else []
        if not found:
            raise ValueError(f"{source}: no such file, and no folder with videos")
        for path in found:
            name = path.relative_to(source) if source.is_dir() else Path(path.name)
            job = FeatureJob(path, name.as_posix(), output / name.with_suffix(SUFFIX))
            before = jobs.setdefault(job.destination, job)
            if before.source.resolve() != path.resolve():
                raise ValueError(
                    f"{before.source} and {path} would both become {job.destination}; rename one of them, or extract "
                    "them to two folders"
                )
    return list(jobs.values())


def unfinished_jobs(jobs: Sequence[FeatureJob], settings: ExtractionSettings, backbone_hash: str) -> list[FeatureJob]:
    """The videos that have no file of features yet.

    Raises:
        FeatureFileError: A file is there, but damaged, or of another model, stride, type or video.
    """
    left: list[FeatureJob] = []
    wrong: list[FeatureFileError] = []
    for job in jobs:
        if not job.destination.exists():
            left.append(job)
            continue
        try:
            check_source(
                job.destination,
                read_source(job.destination),
                backbone_hash=backbone_hash,
                stride=str(settings.stride),
                dtype=settings.dtype,
                source_bytes=job.source.stat().st_size,
            )
        except FeatureFileError as error:
            wrong.append(error)
    if wrong:
        more = f" ({len(wrong) - 1} more files do not fit either)" if len(wrong) > 1 else ""
        raise FeatureFileError(f"{wrong[0]}{more}")
    return left


def _extract(
    backbone: OpenClipBackbone,
    devices: Sequence[str],
    jobs: Sequence[FeatureJob],
    settings: ExtractionSettings,
    console: Console,
) -> tuple[int, list[tuple[str, str]]]:
    """Does the work under a progress bar; returns how many frames were embedded, and (video, problem) of failures."""
    if not jobs:
        return 0, []
    problems: list[tuple[str, str]] = []
    n_frames = 0
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("videos"), _FramesPerSecond())
    with (
        Progress(TextColumn("{task.description}"), *columns, console=console) as progress,
        closing(_reports(backbone, devices, jobs, settings)) as reports,
    ):
        bar = progress.add_task("extracting", total=len(jobs), frames=0)
        for report in reports:
            if isinstance(report, FramesDone):
                n_frames += report.n
                progress.update(bar, frames=n_frames)
                continue
            if report.problem is not None:
                problems.append((report.name, report.problem))
            progress.advance(bar)
    return n_frames, sorted(problems)


def _reports(
    backbone: OpenClipBackbone, devices: Sequence[str], jobs: Sequence[FeatureJob], settings: ExtractionSettings
) -> Generator[Report, None, None]:
    if len(devices) == 1:
        return extract_videos(backbone, jobs, settings)
    return extract_on_devices(devices, jobs, settings)


class _FramesPerSecond(ProgressColumn):
    """How many frames were embedded, and how many a second."""

    def render(self, task: Task) -> Text:
        """The numbers."""
        n = task.fields["frames"]
        return Text(f"{n} frames, {n / task.elapsed:.1f} frames/s" if task.elapsed else "")
