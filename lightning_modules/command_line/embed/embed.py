"""`zsar embed`: stores frame embeddings of videos, or of the sets of a data set."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from zsar.api.devices import device_names
from zsar.api.embeddings.storing import EmbeddingJob, Stored, Storing, store_clips
from zsar.api.embeddings.whole_videos import embeds_single_frames, store_whole, whole_video_record
from zsar.api.given_videos import clips_of
from zsar.datamodules.clip_dataset import EvaluationClips
from zsar.datamodules.lists.given_videos import given_videos, videos_by_output
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.settings import Clips
from zsar.datamodules.stored_embeddings.embedded_sets import clip_record
from zsar.datamodules.stored_embeddings.embedding_files import file_of
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.datamodules.views.clip_pixels import transform_of
from zsar.lightning_modules.command_line.damage_option import accepted_damage
from zsar.lightning_modules.command_line.embed.embed_options import EmbedRequest
from zsar.lightning_modules.command_line.embed.embedded_data import stated_data, stated_frozen_model
from zsar.lightning_modules.command_line.requested_recognizer import requested_recognizer
from zsar.lightning_modules.open_clip_towers.tower_hash import tower_record
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.files.output_folders import check_output_folder
from zsar.runtime.processes.cpu_count import cpu_count
from zsar.runtime.terminal import message_console, say, say_of, tracked, waiting

Work = tuple[EvaluationClips, list[EmbeddingJob]]


def run(options: EmbedRequest) -> int:
    """Embeds and stores.

    Args:
        options: The parsed command line.

    Returns:
        0, or 1 if a video could not be decoded; the others are still embedded.

    Raises:
        ValueError: No video, an output that cannot be written, or a model that fits neither videos nor options.
        EmbeddingFileError: The output folder holds embeddings of other frames, another model or type.
    """
    check_output_folder(options.output, option="--output")
    data = stated_data(options.data_arguments, options.stage) if options.data_arguments else None
    table = None if data is not None else _given_videos(options.videos)
    with waiting(message_console(), "loading the model (the first time, its weights are downloaded)"):
        model = _load_model(options)
    tower = tower_record(model, checkpoint=str(options.model.checkpoint or ""))
    whole = options.frames.stride_seconds
    stride = FrameStride(frames=None, seconds=whole) if whole is not None else None
    if data is not None:
        data.module.take_pixels(model.frame_pixels)
        record = data.module.clip_record
        work: list[Work] = [(c, _jobs(c.table, options.output)) for c in data.clips()]
    else:
        assert table is not None
        if stride is None:
            settings = clips_of(model, frames=options.frames.frames, clips=options.frames.clips)
            record = clip_record(settings)
        else:
            _check_single_frames(model)
            settings = Clips(image_size=model.backbone.image_size[0], geometry=options.geometry.geometry)
            record = whole_video_record(
                model.backbone.image_size[0],
                geometry=options.geometry.geometry,
                resize_filter=model.backbone.resize_filter,
                stride=stride,
            )
        work = [(_evaluation_clips(table, settings, options), _jobs(table, options.output))]
    storing = Storing(
        model=model,
        tower=tower,
        clips=record,
        dtype=options.dtype,
        frames_per_pass=options.batch.batch_size,
        n_workers=max(1, cpu_count() - 1) if options.workers.n_workers is None else options.workers.n_workers,
    )
    return _report(_stored(work, storing, options, stride), options)


def _stored(
    work: Sequence[Work], storing: Storing, options: EmbedRequest, stride: FrameStride | None
) -> Iterator[tuple[int, Iterator[Stored]]]:
    """For each set, how many of its videos were stored before, and the others as they are stored."""
    done: set[Path] = set()
    plans = []
    for clips, jobs in work:  # all existing files are checked before any work begins
        new = [job for job in jobs if job.path not in done]  # sets may share videos
        done |= {job.path for job in new}
        plans.append((clips, len(new), new if options.overwrite else storing.unfinished(new)))
    for clips, n, left in plans:
        if stride is None:
            yield n - len(left), store_clips(clips, left, storing)
        else:
            on_damage = options.damage.on_damage
            geometry = options.geometry.geometry
            yield (
                n - len(left),
                store_whole(left, storing, stride=stride, geometry=geometry, on_damage=on_damage),
            )


def _report(plans: Iterator[tuple[int, Iterator[Stored]]], options: EmbedRequest) -> int:
    """Stores all, with a progress bar, and says what was done; returns the exit status."""
    n_before, results = 0, list[Stored]()
    try:
        for n, stored in plans:
            n_before += n
            results += tracked(stored, "embedding", console=message_console())
    except OSError as error:
        free = shutil.disk_usage(options.output).free / 1e9 if options.output.is_dir() else 0.0
        raise ValueError(
            f"{error.filename or options.output}: {error.strerror or error}; {options.output} has {free:.2f} GB free. "
            "Fix this and rerun the same command; it resumes where it stopped"
        ) from error
    failed = [result for result in results if result.problem is not None]
    n_done = n_before + len(results) - len(failed)
    say(f"embeddings of {n_done} of {n_before + len(results)} videos are in {options.output} ({n_before} were before)")
    if any(result.n_damaged for result in results):
        say(accepted_damage([result.n_damaged for result in results]), error=True)
    for result in failed:
        say_of("red", "not embedded:", f"{result.name}: {result.problem}")
    return 1 if failed else 0


def _given_videos(sources: Sequence[Path]) -> VideoTable:
    """The given videos, each once, by their absolute paths; keys are the names in their folder."""
    videos = (video for source in sources for video in given_videos(source))
    remedy = "rename one of them, or embed them to two folders"
    named = videos_by_output(videos, lambda name: name.as_posix(), remedy=remedy)
    paths = [str(path.absolute()) for path, _ in named.values()]
    return VideoTable(Path("/"), paths, [-1] * len(named), keys=list(named))


def _jobs(table: VideoTable, output: Path) -> list[EmbeddingJob]:
    keys = table.all_keys()
    return [EmbeddingJob(row, key, file_of(output, key), table[row]) for row, key in enumerate(keys)]


def _evaluation_clips(table: VideoTable, clips: Clips, options: EmbedRequest) -> EvaluationClips:
    return EvaluationClips(
        table,
        transform_of(clips),
        n_frames=clips.n_frames,
        n_clips=clips.n_test_clips,
        sampling=clips.sampling,
        on_damage=options.damage.on_damage,
    )


def _load_model(options: EmbedRequest) -> ActionRecognizer:
    """The model of the options, else of the experiment, else CLIP."""
    asked, device = options.model, options.device.device
    if asked.checkpoint is None and asked.architecture is None and asked.weights is None:
        stated = stated_frozen_model(options.data_arguments)
        if stated is not None:
            for name in ("frame_statistics", "frame_geometry"):
                if (given := getattr(asked, name)) != "model":
                    raise ValueError(f"the experiment states how frames are made; leave --{name} {given} out")
            return stated.eval().to(device_names(device, 1)[0])
    return requested_recognizer(asked, device=device)


def _check_single_frames(model: ActionRecognizer) -> None:
    if not embeds_single_frames(model):
        raise ValueError(
            f"the frames of {type(model).__name__} interact within a clip, so that single frames cannot be embedded; "
            "leave out --stride_seconds, or give a model without temporal parts"
        )
