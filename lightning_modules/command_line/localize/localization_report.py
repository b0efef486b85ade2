"""The report of `zsar localize` on one video: a table, a JSON file and a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from rich.table import Table
from torch import Tensor

from zsar.api.localization.localization import Localization
from zsar.callbacks.pictures.figures import save_figure
from zsar.callbacks.pictures.localization.figure import localization_figure
from zsar.callbacks.pictures.localization.picture import LocalizationPicture, PicturedSegment, ScoreCurve
from zsar.callbacks.pictures.localization.thumbnails import thumbnails
from zsar.datamodules.class_identity import clean_name
from zsar.datamodules.lists.localization_splits import Instance, read_thumos14_annotations
from zsar.lightning_modules.command_line.localize.segment_files import write_subtitles, write_table
from zsar.runtime.files.whole_files import write_json_whole
from zsar.runtime.terminal import styled

_SHOWN = 5
_MOST_SECONDS = 120.0  # longest video whose times are written in seconds; min:s beyond, as in the picture


def read_annotated(path: Path, videos: Sequence[str], class_names: Sequence[str]) -> dict[str, tuple[Instance, ...]]:
    """Reads the annotations of some videos.

    Args:
        path: JSON file in the format of T3AL's THUMOS14.
        videos: Names of the videos.
        class_names: The classes searched for. An annotated "HighJump" matches the class "high jump"; instances of
            other classes keep their name.

    Returns:
        The instances of each video.

    Raises:
        FileNotFoundError: The file is not there.
        ValueError: It is malformed, or has no entry for a video.
    """
    entries = {video.id: video.instances for video in read_thumos14_annotations(path)}
    if missing := [video for video in videos if video not in entries]:
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        raise ValueError(
            f"--annotations {path} has no entry for {', '.join(map(repr, missing[:_SHOWN]))}{more}, only for "
            f"{', '.join(map(repr, list(entries)[:_SHOWN]))}{', ...' if len(entries) > _SHOWN else ''}; add entries "
            "with an empty list of annotations where nothing happens, or leave these videos out"
        )
    asked = {clean_name(name): name for name in class_names}
    return {
        video: tuple(
            Instance(asked.get(clean_name(i.class_name), i.class_name), i.start_seconds, i.end_seconds)
            for i in entries[video]
        )
        for video in videos
    }


def segment_table(video: Localization) -> Table:
    """The segments that were not suppressed, in temporal order."""
    unit, written = _clock(video)
    table = Table()
    for name in (f"start ({unit})", f"end ({unit})"):
        table.add_column(name, justify="right")
    table.add_column("class")
    table.add_column("score", justify="right")
    for segment in video.segments:
        times = (written(segment.start_seconds), written(segment.end_seconds))
        table.add_row(*times, styled(segment.class_name), f"{segment.score:.2f}")
    if not video.segments:
        n = len(video.suppressed)
        nothing = f"nothing: captions of all {n} segments differ; --no_suppress keeps them" if n else "nothing found"
        table.add_row("", "", nothing, "")
    return table


def heading(video: Localization) -> str:
    """One line about a video: its length, statistics, and the classes that the model was adapted to."""
    length = f"{_clock(video)[1](video.duration_seconds)} {'min' if video.duration_seconds > _MOST_SECONDS else 's'}"
    parts = [f"{video.name}: {length}", f"{len(video.times_seconds)} frames looked at"]
    if video.n_damaged:
        parts.append(f"{video.n_damaged} of them damaged")
    if video.pseudo_labels is not None:
        n = video.n_steps
        parts.append(f"{n} adaptation step{'' if n == 1 else 's'} towards {_assumed(video)}")
    if _is_of_own(video):
        parts.append("scores are own probabilities")
    if n_suppressed := len(video.suppressed):
        parts.append(f"{n_suppressed} segment{'' if n_suppressed == 1 else 's'} suppressed")
    line = ", ".join(parts)
    if video.pseudo_labels is not None and _other_classes(video):
        line += "; each segment is named by its own frames, so that other classes occur"
    return line


def _is_of_own(video: Localization) -> bool:
    """Whether scores are the probabilities of each class by itself, not among the given names."""
    return "threshold_of" in video.settings.get("settings", {})


def _assumed(video: Localization) -> str:
    """The classes that are assumed to occur in a video, and why."""
    names = video.pseudo_labels or ()
    return f"{', '.join(names)} (most similar to the whole video)"


def _other_classes(video: Localization) -> bool:
    """Whether a segment that was not suppressed has another class than the assumed ones."""
    return any(segment.class_name not in (video.pseudo_labels or ()) for segment in video.segments)


def min_seconds(seconds: float) -> str:
    """A time as minutes and seconds with one decimal: 83.25 is "1:23.2"."""
    tenths = round(10 * seconds)
    return f"{tenths // 600}:{tenths % 600 // 10:02d}.{tenths % 10}"


def _clock(video: Localization) -> tuple[str, Callable[[float], str]]:
    """How times of a video are written: the unit, and the function that writes them."""
    if video.duration_seconds > _MOST_SECONDS:
        return "min:s", min_seconds
    return "s", "{:.2f}".format


def write_report(
    folder: Path, video: Localization, frames_at: Callable[[Sequence[float]], Tensor]
) -> tuple[Path, Path]:
    """Writes the JSON file, the table, the subtitles and the picture of a video, each in one step.

    Args:
        folder: The output folder; the files are named after the video.
        video: What was found.
        frames_at: Returns the video's frames at the given times, uint8 [n, 3, S, S].

    Returns:
        The JSON file and the picture.

    Raises:
        VideoDecodeError: Frames cannot be read.
        OSError: A file cannot be written.
    """
    picture = folder / f"{video.name}.png"
    figure = localization_figure(_pictured(video, frames_at))
    write_table(folder / f"{video.name}.csv", video.found)
    write_subtitles(folder / f"{video.name}.srt", video.segments)
    report = write_json_whole(folder / f"{video.name}.json", video.to_dict())
    return report, save_figure(figure, picture)


def _title(video: Localization) -> str:
    if video.pseudo_labels is not None:
        return f"{video.name}: scores of {_assumed(video)}"
    return f"{video.name}: own probabilities" if _is_of_own(video) else video.name


def _pictured(video: Localization, frames_at: Callable[[Sequence[float]], Tensor]) -> LocalizationPicture:
    frames, middles = thumbnails(frames_at, start_seconds=video.start_seconds, end_seconds=video.duration_seconds)
    return LocalizationPicture(
        title=_title(video),
        duration_seconds=video.duration_seconds,
        times_seconds=video.times_seconds,
        curves=tuple(ScoreCurve(c.class_name, c.scores, c.threshold) for c in video.curves),
        segments=tuple(
            PicturedSegment(
                start_seconds=segment.start_seconds,
                end_seconds=segment.end_seconds,
                class_name=segment.class_name,
                score=segment.score,
                suppressed=suppressed,
            )
            for segment, suppressed in video.found
        ),
        truth=tuple(PicturedSegment(i.start_seconds, i.end_seconds, i.class_name) for i in video.annotated or ()),
        thumbnails=frames,
        thumbnail_times_seconds=middles,
    )
