"""draw: writes a copy of a video with the answer on its frames."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from zsar.api.answers import own_percent
from zsar.api.drawing.fonts import missing_characters
from zsar.api.drawing.panels import COLOURS, Row, rows_panel
from zsar.api.drawing.timeline import Segment, Timeline
from zsar.api.shown_progress import Progress, reporting_steps
from zsar.datamodules.video_files.decoding import VideoReader
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.datamodules.video_files.writing.drawn_copy import Patch, write_drawn_copy
from zsar.datamodules.video_files.writing.mp4_writing import TranscodingError
from zsar.runtime.files.whole_files import whole_file
from zsar.runtime.number_limits import check_least


@runtime_checkable
class Ranked(Protocol):
    """What `draw` shows of a classification."""

    @property
    def ranked(self) -> Sequence[tuple[str, float]]:
        """Class names with probabilities, most probable first."""

    @property
    def answer(self) -> str | None:
        """The answer."""


@runtime_checkable
class Found(Protocol):
    """What `draw` shows of a localization."""

    @property
    def segments(self) -> Sequence[Segment]:
        """What was found."""


@dataclass(frozen=True)
class DrawnVideo:
    """A finished copy.

    Attributes:
        path: The file.
        n_frames: Its frames.
        sound: "copied"; "none" if the source has none; else the codec that .mp4 files cannot hold.
        missing_characters: Characters that are boxes, since no installed font has all characters of their names.
    """

    path: Path
    n_frames: int
    sound: str
    missing_characters: str


def draw(
    video: str | Path,
    answer: Ranked | Found,
    output: str | Path,
    *,
    top_k: int = 3,
    on_damage: OnDamage = "raise",
    progress: Progress = None,
) -> DrawnVideo:
    """Writes a copy of a video with the answer on its frames; it is whole or not there.

    Args:
        video: The video.
        answer: A classification: its best names with their probabilities, and with their own ones where the model has a
            logit bias. A localization: what happens at each moment,
            and a strip with all segments.
        output: The .mp4 file to write; an existing one is replaced.
        top_k: Names shown of a classification, at least 1.
        on_damage: What to do with damaged frames: "raise" or "accept".
        progress: True for a progress bar, or a function of the numbers of frames done and of all.

    Returns:
        A description of the copy.

    Raises:
        ValueError: The answer is of neither kind or has an error, the output is not an .mp4 file or is the video.
        VideoDecodeError: The video cannot be decoded.
        TranscodingError: Its frames are too small for text, or cannot be encoded.
        OSError: The output cannot be written.
    """
    path, source = Path(output).expanduser(), Path(video).expanduser()
    check_least(1, top_k=top_k)
    if path.suffix.lower() != ".mp4" or path.is_dir():
        raise ValueError(f"{path}: the copy is an MP4 file; give the name of a file that ends in .mp4")
    if path.exists() and source.exists() and os.path.samefile(path, source):
        raise ValueError(f"{path} is the video itself, which is not overwritten; give another output")
    if (error := getattr(answer, "error", None)) is not None:
        raise ValueError(f"{video} has no answer to draw: {error}")
    with VideoReader(source, threads=0, on_damage=on_damage) as reader, whole_file(path) as unfinished:
        names, make_patches = _patches(answer, top_k, reader.duration_seconds)
        with reporting_steps("drawing", progress) as on_frame:
            try:
                made = write_drawn_copy(reader, unfinished, make_patches, source=source, on_frame=on_frame)
            except TranscodingError as error:
                raise TranscodingError(f"{video}: {error}") from error
    return DrawnVideo(path, made.n_frames, made.sound, missing_characters(names))


def _patches(
    answer: Ranked | Found, top_k: int, duration_seconds: float
) -> tuple[list[str], Callable[[int, int], Callable[[float], Sequence[Patch]]]]:
    """The names that are drawn, and what makes the pictures."""
    if isinstance(answer, Found):
        segments = answer.segments
        names = list(dict.fromkeys(segment.class_name for segment in segments))
        return names, lambda width, height: _localized(segments, names, duration_seconds, width, height)
    if not isinstance(answer, Ranked):
        raise ValueError(f"{type(answer).__name__} cannot be drawn; give what zsar.classify or zsar.localize returns")
    best = answer.ranked[:top_k]
    own = dict(getattr(answer, "own_probabilities", None) or ())
    rows = [
        Row(f"{name} (own {own_percent(own[name])})" if own else name, probability, bold=name == answer.answer)
        for name, probability in best
    ]
    if answer.answer is not None and answer.answer not in [name for name, _ in best]:
        rows.insert(0, Row(answer.answer, None, bold=True))
    return [row.name for row in rows], lambda width, height: _classified(rows, width, height)


def _classified(rows: Sequence[Row], width_px: int, height_px: int) -> Callable[[float], Sequence[Patch]]:
    panel = rows_panel(rows, width_px=width_px, height_px=height_px)
    return lambda _: [] if panel is None else [panel]


def _localized(
    segments: Sequence[Segment], names: Sequence[str], duration_seconds: float, width_px: int, height_px: int
) -> Callable[[float], Sequence[Patch]]:
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}
    size = {"width_px": width_px, "height_px": height_px}
    timeline = Timeline(segments, colours, duration_seconds=duration_seconds, **size)
    panels: dict[tuple[int, ...], Patch | None] = {}

    def patches_at(seconds: float) -> list[Patch]:
        now = tuple(i for i, s in enumerate(segments) if s.start_seconds <= seconds < s.end_seconds)
        if now not in panels:
            panels.clear()  # what happened before seldom happens again
            best = sorted((segments[i] for i in now), key=lambda segment: -segment.score)
            rows = [Row(s.class_name, s.score, colours[s.class_name], bold=True) for s in best]
            panels[now] = rows_panel(rows, width_px=width_px, height_px=height_px)
        panel = panels[now]
        return [timeline.at(seconds), *([] if panel is None else [panel])]

    return patches_at
