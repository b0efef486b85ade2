"""`zsar localize`: finds when actions happen in your own videos, among class names that you give."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from rich.console import Console
from torch import Tensor

from zsar.api.class_names import check_names_fit, read_class_names
from zsar.api.devices import device_names
from zsar.api.extraction.extraction import FramesDone, VideoJob, extract_videos
from zsar.api.extraction.feature_extraction import FeatureExtraction
from zsar.datamodules.batch import ClassText
from zsar.datamodules.class_text.templates import fill_templates
from zsar.datamodules.lists.localization_splits import Instance
from zsar.datamodules.untrimmed_frames import UntrimmedVideo, frames_at
from zsar.datamodules.video_files.decoding import VideoDecodeError
from zsar.lightning_modules.command_line.extract.extract import list_jobs, unfinished_jobs
from zsar.lightning_modules.command_line.localize.localization_report import (
    heading,
    read_annotated,
    segment_table,
    write_report,
)
from zsar.lightning_modules.command_line.localize.localize_options import LocalizeOptions
from zsar.lightning_modules.command_line.localize.localized_video import LocalizedVideo, described
from zsar.lightning_modules.command_line.localize.requested_features import requested_features
from zsar.lightning_modules.command_line.localize.requested_localizer import (
    build_localizer,
    described_model,
    smoothing_frames,
)
from zsar.lightning_modules.localization.contract import UntrimmedFeatures
from zsar.lightning_modules.localization.finite_scores import check_localizations
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.localization.stored.caption_files import SUFFIX as CAPTIONS_SUFFIX
from zsar.lightning_modules.localization.stored.caption_files import read_captions
from zsar.lightning_modules.localization.stored.feature_files import SUFFIX as FEATURES_SUFFIX
from zsar.lightning_modules.localization.stored.feature_files import FeatureFileError, finite_features, read_features
from zsar.lightning_modules.localization.stored.stored_sources import check_stored_captions
from zsar.lightning_modules.t3al.t3al import T3AL
from zsar.lightning_modules.training.finite_numbers import NotFiniteError
from zsar.runtime.files.output_folders import check_output_folder
from zsar.runtime.files.plain_files import file_problem
from zsar.runtime.files.same_files import each_file_once
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
    tracked,
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
        FeatureFileError: The folder of features holds features of another model or stride.
        CaptionFileError: A file of captions cannot be used.
    """
    check_output_folder(options.output.output, option="--output")
    text, features = _class_text(options), requested_features(options)
    videos = _list_videos(options)
    if (captions := options.method.captions) is not None:
        readable = [video for video in videos if file_problem(_path(video)) is None]
        for video in readable:
            read_captions(captions / f"{video.id}{CAPTIONS_SUFFIX}")  # fails before the long work if they are missing
        check_stored_captions(captions, readable, geometry=features.geometry, on_damage=features.on_damage)
    annotated = None
    if options.output.annotations is not None:
        annotated = read_annotated(options.output.annotations, [video.id for video in videos], text.names)
    console = message_console()
    with waiting(console, "loading the model (the first time, its weights are downloaded)"):
        model = build_localizer(options, features)
        assert model.backbone.weights_hash  # computed and cached before the weights move to the device
        model.to(device_names(options.device.device, 1)[0])
    try:
        with _folder_of(options.model.features) as folder:
            run = _Run(options, model, text, features, folder, annotated)
            localized, problems = _localize(run, videos, console)
    except OSError as error:
        raise ValueError(f"{error.filename or options.output.output}: {error.strerror or error}") from error
    _print(options, localized, problems)
    return 1 if problems else 0


@dataclass(frozen=True, eq=False)
class _Run:
    """What all videos share."""

    options: LocalizeOptions
    model: ActionLocalizer
    text: ClassText
    features: FeatureExtraction
    folder: Path
    annotated: Mapping[str, tuple[Instance, ...]] | None

    def frames_of(self, video: UntrimmedVideo, *, image_size: int) -> Callable[[Sequence[float]], Tensor]:
        """The frames of a video at given times, made as those of the features, with this height and width."""
        geometry, on_damage = self.features.geometry, self.features.on_damage
        return partial(frames_at, video, image_size=image_size, geometry=geometry, on_damage=on_damage)


def _class_text(options: LocalizeOptions) -> ClassText:
    names = read_class_names(options.text.classes, options.text.classes_file)
    least = 2 if options.method.method == "frame-wise" else 1
    if len(names) < least:
        why = ", as each frame is assigned to one of them" if least > 1 else ""
        raise ValueError(
            f"--method {options.method.method} needs at least {least} class name{'s' if least > 1 else ''}{why}; "
            f'got {names}. Give them as --classes "a, b, c" or --classes_file FILE'
        )
    text = fill_templates("localize", names, options.text.template)
    check_names_fit(text, options.architecture)
    return text


def _list_videos(options: LocalizeOptions) -> list[UntrimmedVideo]:
    """The videos; a file reached by several paths is listed once, under its first name."""
    jobs = list_jobs(options.videos, options.output.output, ".json")
    jobs = [jobs[row] for row in each_file_once([str(job.source) for job in jobs])]
    return [UntrimmedVideo(Path(job.name).with_suffix("").as_posix(), job.source, None) for job in jobs]


@contextmanager
def _folder_of(features: Path | None) -> Iterator[Path]:
    """The folder of feature files: the given one, or a temporary one."""
    if features is not None:
        yield features
    else:
        with tempfile.TemporaryDirectory(prefix="zsar_localize_") as folder:
            yield Path(folder)


# --- the work ---------------------------------------------------------------------------------------------------------


def _localize(
    run: _Run, videos: Sequence[UntrimmedVideo], console: Console
) -> tuple[list[LocalizedVideo], dict[Path, str]]:
    """Computes features of all videos, then finds actions in each; returns the results and the problems of videos."""
    problems = _compute_features(run, videos, console)
    results: list[LocalizedVideo] = []
    left = [video for video in videos if _path(video) not in problems]
    for video in tracked(left, "localizing", console=console):
        try:
            localized = _find(run, video)
            write_report(run.options.output.output, localized, run.frames_of(video, image_size=_THUMBNAIL_PX))
            results.append(localized)
        except (VideoDecodeError, NotFiniteError) as error:
            problems[_path(video)] = str(error).removeprefix(f"{video.path}: ")
    return results, problems


def _compute_features(run: _Run, videos: Sequence[UntrimmedVideo], console: Console) -> dict[Path, str]:
    """Computes missing feature files; returns the problems of undecodable videos."""
    jobs = [VideoJob(_path(video), str(video.path), run.folder / f"{video.id}{FEATURES_SUFFIX}") for video in videos]
    try:
        left = unfinished_jobs(jobs, run.features, run.model.backbone)
    except FeatureFileError as error:
        raise FeatureFileError(f"{error} (or give another --features folder, or none)") from error
    problems: dict[Path, str] = {}
    counts = progress_text("videos, {task.fields[frames]} frames, {task.fields[rate]:.1f} frames/s")
    with (
        progress_bar(console, counts, transient=True, hidden=not left) as progress,
        closing(extract_videos(run.model.backbone, left, run.features)) as reports,
    ):
        bar = progress.add_task("computing features", total=len(left), frames=0, rate=0.0)
        n_frames = 0
        for report in reports if left else ():
            if isinstance(report, FramesDone):
                n_frames += report.n
                elapsed = progress.tasks[0].elapsed or 1e-9
                progress.update(bar, frames=n_frames, rate=n_frames / elapsed)
                continue
            if report.problem is not None:
                problems[Path(report.name)] = report.problem
            progress.advance(bar)
    return problems


def _find(run: _Run, video: UntrimmedVideo) -> LocalizedVideo:
    file = run.folder / f"{video.id}{FEATURES_SUFFIX}"
    stored = read_features(file)
    model, size = run.model, run.model.backbone.image_size[0]
    seen = UntrimmedFeatures(
        id=video.id,
        features=finite_features(file, stored).to(model.device, torch.float32),
        times_seconds=torch.from_numpy(stored.times_seconds),
        duration_seconds=stored.source.duration_seconds,
        frames_at=run.frames_of(video, image_size=size),
        captions_folder=run.options.method.captions,
    )
    if isinstance(model, T3AL):
        n = smoothing_frames(run.options, float(seen.frame_seconds.median()))
        model.tuning = replace(model.tuning, window_frames=n)
    (answers,) = model.localize([seen], [run.text], seed=run.options.method.seed or 0)
    check_localizations(video.id, answers)
    (localization,) = answers.values()
    names = run.text.names
    return LocalizedVideo(
        id=video.id,
        path=_path(video),
        fps=stored.source.fps,
        n_damaged=stored.source.n_damaged,
        duration_seconds=seen.duration_seconds,
        times_seconds=seen.times_seconds,
        class_names=names,
        localization=localization,
        pseudo_labels=tuple(names[c.label] for c in localization.curves) if isinstance(model, T3AL) else None,
        annotated=None if run.annotated is None else run.annotated[video.id],
        settings={"prompts": run.text.source, **described_model(model, run.features, run.options.method.seed or 0)},
    )


def _path(video: UntrimmedVideo) -> Path:
    assert video.path is not None  # only existing videos are listed
    return video.path


# --- what is printed --------------------------------------------------------------------------------------------------


def _print(options: LocalizeOptions, localized: Sequence[LocalizedVideo], problems: Mapping[Path, str]) -> None:
    if options.output.json:
        failed = [{"path": str(path), "error": problem} for path, problem in problems.items()]
        print_json([*map(described, localized), *failed])
    else:
        tables = result_console()
        for video in localized:
            tables.print(styled(heading(video), "bold"), soft_wrap=True)
            print_whole(tables, segment_table(video))
    if localized:
        if options.method.suppress is None and any(video.lacks_captions for video in localized):
            say(f"{options.architecture} writes no captions, so no segments are suppressed", error=True)
        say(f"JSON, CSV, subtitles and pictures are in {options.output.output}", error=True)
    for path, problem in problems.items():
        say_of("red", "not localized:", f"{path}: {problem}")
