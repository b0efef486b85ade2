"""The report of `zsar localize` on one video: a table, a JSON file and a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table
from torch import Tensor

from zsar.callbacks.pictures.figures import save_figure
from zsar.callbacks.pictures.localization.figure import localization_figure
from zsar.callbacks.pictures.localization.picture import LocalizationPicture, PicturedSegment, ScoreCurve
from zsar.datamodules.class_identity import clean_name
from zsar.datamodules.lists.localization_splits import Instance, read_thumos14_annotations
from zsar.lightning_modules.localization.contract import Detection, Localization
from zsar.runtime.files.whole_files import write_json_whole
from zsar.runtime.terminal import styled

_N_THUMBNAILS = 9  # as many as fit next to the longest names
_SHOWN = 5
_MOST_SECONDS = 120.0  # longest video whose times are written in seconds; min:s beyond, as in the picture


@dataclass(frozen=True, eq=False)
class LocalizedVideo:
    """What was found in a video, and how.

    Attributes:
        id: Its path in the given folder, or the name of the given file, without the suffix.
        path: The file.
        fps: Its mean frame rate.
        n_damaged: Number of accepted damaged frames among the frames used.
        duration_seconds: When its last frame ends, in seconds on the player's clock (`video_files.decoding`).
        times_seconds: When each frame used is shown, float64 [N]; includes the video's first frame.
        class_names: The classes searched for, in label order.
        localization: What was found.
        pseudo_labels: The classes that the model was adapted to; None if the method has none.
        annotated: The ground truth; None if unknown.
        settings: Model and settings, JSON-serializable.
    """

    id: str
    path: Path
    fps: float
    duration_seconds: float
    times_seconds: Tensor
    class_names: tuple[str, ...]
    localization: Localization
    pseudo_labels: tuple[str, ...] | None
    annotated: tuple[Instance, ...] | None
    settings: Mapping[str, Any]
    n_damaged: int = 0

    @property
    def start_seconds(self) -> float:
        """When its first frame is shown."""
        return float(self.times_seconds[0])

    @property
    def found(self) -> list[tuple[Detection, bool]]:
        """Segments in temporal order, and whether each was suppressed."""
        detections, suppressed = self.localization.detections, self.localization.suppressed
        marked = [(detection, False) for detection in detections] + [(detection, True) for detection in suppressed]
        return sorted(marked, key=lambda pair: (pair[0].segment.start_seconds, pair[0].segment.end_seconds))


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


def described(video: LocalizedVideo) -> dict[str, Any]:
    """The results and settings for a JSON file; times in seconds on the player's clock."""
    return {
        "video": video.id,
        "path": str(video.path),
        "fps": round(video.fps, 4),
        "start_seconds": round(video.start_seconds, 4),
        "duration_seconds": round(video.duration_seconds, 4),
        "n_frames_looked_at": len(video.times_seconds),
        "n_damaged_frames": video.n_damaged,
        "classes": list(video.class_names),
        "pseudo_labels": None if video.pseudo_labels is None else list(video.pseudo_labels),
        "adaptation_steps": video.localization.n_steps,
        "segments": [
            {
                "start_seconds": round(detection.segment.start_seconds, 4),
                "end_seconds": round(detection.segment.end_seconds, 4),
                "class": video.class_names[detection.label],
                "score": round(detection.segment.score, 6),
                "suppressed": suppressed,
            }
            for detection, suppressed in video.found
        ],
        "annotated": None
        if video.annotated is None
        else [
            {"start_seconds": i.start_seconds, "end_seconds": i.end_seconds, "class": i.class_name}
            for i in video.annotated
        ],
        **video.settings,
    }


def segment_table(video: LocalizedVideo) -> Table:
    """The segments that were not suppressed, in temporal order."""
    unit, written = _clock(video)
    table = Table()
    for name in (f"start ({unit})", f"end ({unit})"):
        table.add_column(name, justify="right")
    table.add_column("class")
    table.add_column("score", justify="right")
    for detection, suppressed in video.found:
        if not suppressed:
            segment, name = detection.segment, video.class_names[detection.label]
            times = (written(segment.start_seconds), written(segment.end_seconds))
            table.add_row(*times, styled(name), f"{segment.score:.2f}")
    if not video.localization.detections:
        n = len(video.localization.suppressed)
        nothing = f"nothing: captions of all {n} segments differ; --no_suppress keeps them" if n else "nothing found"
        table.add_row("", "", nothing, "")
    return table


def heading(video: LocalizedVideo) -> str:
    """One line about a video: its pseudo-labels, its length, and statistics."""
    length = f"{_clock(video)[1](video.duration_seconds)} {'min' if video.duration_seconds > _MOST_SECONDS else 's'}"
    parts = [f"{_taken_for(video)}: {length}", f"{len(video.times_seconds)} frames looked at"]
    if video.n_damaged:
        parts.append(f"{video.n_damaged} of them damaged")
    if video.pseudo_labels is not None:
        n = video.localization.n_steps
        parts.append(f"{n} adaptation step{'' if n == 1 else 's'}")
    if n_suppressed := len(video.localization.suppressed):
        parts.append(f"{n_suppressed} segment{'' if n_suppressed == 1 else 's'} suppressed")
    return ", ".join(parts)


def _taken_for(video: LocalizedVideo) -> str:
    return video.id if video.pseudo_labels is None else f"{video.id}, taken for {', '.join(video.pseudo_labels)}"


def min_seconds(seconds: float) -> str:
    """A time as minutes and seconds with one decimal: 83.25 is "1:23.2"."""
    tenths = round(10 * seconds)
    return f"{tenths // 600}:{tenths % 600 // 10:02d}.{tenths % 10}"


def _clock(video: LocalizedVideo) -> tuple[str, Callable[[float], str]]:
    """How times of a video are written: the unit, and the function that writes them."""
    if video.duration_seconds > _MOST_SECONDS:
        return "min:s", min_seconds
    return "s", "{:.2f}".format


def write_report(
    folder: Path, video: LocalizedVideo, frames_at: Callable[[Sequence[float]], Tensor]
) -> tuple[Path, Path]:
    """Writes the JSON file and the picture of a video, each in one step.

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
    picture = folder / f"{video.id}.png"
    figure = localization_figure(_pictured(video, frames_at))
    report = write_json_whole(folder / f"{video.id}.json", described(video))
    return report, save_figure(figure, picture)


def _pictured(video: LocalizedVideo, frames_at: Callable[[Sequence[float]], Tensor]) -> LocalizationPicture:
    shown_seconds = video.duration_seconds - video.start_seconds
    middles = video.start_seconds + (np.arange(_N_THUMBNAILS) + 0.5) * shown_seconds / _N_THUMBNAILS
    names = video.class_names
    return LocalizationPicture(
        title=_taken_for(video),
        duration_seconds=video.duration_seconds,
        times_seconds=video.times_seconds,
        curves=tuple(ScoreCurve(names[c.label], c.scores, c.threshold) for c in video.localization.curves),
        segments=tuple(
            PicturedSegment(
                start_seconds=detection.segment.start_seconds,
                end_seconds=detection.segment.end_seconds,
                class_name=names[detection.label],
                score=detection.segment.score,
                suppressed=suppressed,
            )
            for detection, suppressed in video.found
        ),
        truth=tuple(PicturedSegment(i.start_seconds, i.end_seconds, i.class_name) for i in video.annotated or ()),
        thumbnails=frames_at(middles.tolist()).permute(0, 2, 3, 1).numpy(),
        thumbnail_times_seconds=middles,
    )
