"""The MP4 of attention maps: the frames of a view one after another, beside them the same frames under heat."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray
from torch import Tensor

from zsar.callbacks.pictures.attention.attention_figure import MapRow, enlarged, under_heat
from zsar.callbacks.pictures.localization.text_fitting import shortened
from zsar.callbacks.pictures.page import INK, SOFT
from zsar.datamodules.video_files.writing.encoding import write_video

_GAP, _HEAD, _FOOT = 10, 44, 30  # px
_DOTS_PER_INCH = 100
_FRAMES_PER_SECOND = 2  # slow enough to look from panel to panel
_X264 = {"crf": "26", "preset": "veryfast"}  # small: a report holds the videos of a run


def write_overlay_video(path: Path, rows: Sequence[MapRow], frames: Tensor) -> None:
    """Writes the video; text in it is shown literally.

    Args:
        path: The .mp4 file.
        rows: The maps, one panel each.
        frames: All frames of the view, uint8 [T, 3, H, W].

    Raises:
        RuntimeError: FFmpeg cannot write it.
    """
    write_video(path, render_overlays(rows, frames), frames_per_second=_FRAMES_PER_SECOND, options=_X264)


def render_overlays(rows: Sequence[MapRow], frames: Tensor) -> NDArray[np.uint8]:
    """Renders all frames: a line for each model, with the frame and the maps from left to right.

    Args:
        rows: The maps.
        frames: uint8 [T, 3, H, W].

    Returns:
        uint8 [T, H', W', 3] with even sides.
    """
    of_models = [[row for row in rows if row.model == name] for name in dict.fromkeys(row.model for row in rows)]
    height, width = enlarged(frames[0]).shape[:2]
    columns = 1 + max(map(len, of_models))
    size = ((columns * (width + _GAP) + _GAP + 1) // 2 * 2, (len(of_models) * (height + _HEAD) + _FOOT + 1) // 2 * 2)
    page = _Page(*size)
    panels: list[tuple[int, int, MapRow | None]] = []
    for line, of_model in enumerate(of_models):
        y = line * (height + _HEAD)
        page.text(_GAP, y + 6, of_model[0].model, bold=True, width=size[0] - 2 * _GAP)
        panels.append((_GAP, y + _HEAD, None))
        for column, shown in enumerate(of_model, 1):
            x = _GAP + column * (width + _GAP)
            page.text(x, y + 25, shown.title, bold=False, width=width)
            panels.append((x, y + _HEAD, shown))
    counter = page.text(_GAP, size[1] - 24, "", bold=False, width=width)
    images = []
    for index, frame in enumerate(frames):
        counter.set_text(f"frame {index + 1} of {len(frames)}")
        image = page.render()
        for x, y, row in panels:
            panel = enlarged(frame) if row is None else under_heat(frame, row.shares.patches[index] / row.limit)
            image[y : y + height, x : x + width] = (panel * 255).round().astype(np.uint8)
        images.append(image)
    return np.stack(images)


class _Page:
    """A white page with text, in px from its upper left corner."""

    def __init__(self, width: int, height: int) -> None:
        self._size = (width, height)
        inches = (width / _DOTS_PER_INCH, height / _DOTS_PER_INCH)
        self._canvas = FigureCanvasAgg(Figure(figsize=inches, dpi=_DOTS_PER_INCH, facecolor="white"))

    def text(self, x: int, y: int, text: str, *, bold: bool, width: int) -> Text:
        """Writes a line from its upper left corner, shortened to a width."""
        line = shortened(text, width * 72 / _DOTS_PER_INCH, 8, bold=bold)
        place = (x / self._size[0], 1 - y / self._size[1])
        weight, colour = ("bold", INK) if bold else ("normal", SOFT)
        return self._canvas.figure.text(
            *place, line, fontsize=8, va="top", color=colour, fontweight=weight, parse_math=False
        )

    def render(self) -> NDArray[np.uint8]:
        """The page as it is now, [H, W, 3]."""
        self._canvas.draw()  # type: ignore[no-untyped-call]
        return np.array(self._canvas.buffer_rgba())[..., :3]  # type: ignore[no-untyped-call]
