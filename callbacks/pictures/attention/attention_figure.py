"""The picture of attention maps: frames on top, below them a row of heat for each map and model."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from zsar.callbacks.pictures.attention.observed_video import AttentionMap, ObservedVideo
from zsar.callbacks.pictures.attention.token_shares import TokenShares
from zsar.callbacks.pictures.figures import linspace_indices

MOST_FRAMES = 8
"""Maximum number of frames in a picture; the numbers have all."""
HEAT = "inferno"
_COLUMN, _LABEL, _MARGIN, _TOP = 1.45, 2.45, 0.2, 0.95  # inches
_CAPTION = 0.2  # inches below each frame
_LETTERS = 31  # of a line of a row's label
_PERCENTILE = 99  # of the patches of a row, where its colours end


@dataclass(frozen=True)
class MapRow:
    """A row of heat.

    Attributes:
        model: Name of the model.
        says: What the model predicts, with its probability.
        title: How the map is made.
        shares: The shares of the frames of the view.
        is_relevance: Whether the totals of frames differ, so that they are shown.
    """

    model: str
    says: str
    title: str
    shares: TokenShares
    is_relevance: bool

    @property
    def limit(self) -> float:
        """The share of a patch at which colours end."""
        top = float(np.percentile(self.shares.patches.numpy(), _PERCENTILE))
        return top if top > 0 else float(self.shares.patches.max()) or 1.0

    @property
    def frame_shares(self) -> NDArray[np.float64]:
        """The part of each frame in the relevance of all frames, [T]."""
        total = self.shares.total.double().numpy()
        parts: NDArray[np.float64] = total / (total.sum() or 1.0)
        return parts

    @property
    def where(self) -> str:
        """Which tokens the attention goes to, in words."""
        parts = [f"patches {_percent(float(self.shares.patches.sum(dim=(1, 2)).mean()))}"]
        others = {"class token": self.shares.class_token, "registers": self.shares.registers}
        others["temporal token"] = self.shares.temporal
        parts += [f"{name} {_percent(share)}" for name, values in others.items() if (share := float(values.mean())) > 0]
        return ", ".join(parts)


def map_rows(videos: dict[str, ObservedVideo], class_names: Sequence[str], *, view: int = 0) -> list[MapRow]:
    """The rows of a picture: map by map, and for each map the models.

    Args:
        videos: What each model looks at, by its name.
        class_names: The names of the classes.
        view: Which view is shown.
    """
    of_all = [(name, video, video.maps) for name, video in videos.items()]
    rows = []
    for number in range(len(of_all[0][2])):
        for name, video, maps in of_all:
            best = int(video.probabilities.argmax())
            says = f"predicts {class_names[best]} ({float(video.probabilities[best]):.2f})"
            one = maps[number]
            rows.append(MapRow(name, says, map_title(one, class_names), one.views[view], one.name == "gradient"))
    return rows


def map_title(one: AttentionMap, class_names: Sequence[str]) -> str:
    """How a map is made, in a few words."""
    if one.label is not None:
        return f"for {class_names[one.label]}"
    return {"last": "last block", "rollout": "rollout of all blocks", "gradient": "gradient"}[one.name]


def draw_attention(rows: Sequence[MapRow], frames: Tensor, *, title: str, subtitle: str, is_right: bool) -> Figure:
    """Draws the rows of one video.

    Args:
        rows: Of `map_rows`.
        frames: The frames of the view, uint8 [T, 3, H, W]; at most eight are shown.
        title: True and predicted class.
        subtitle: The set and the video.
        is_right: Whether the prediction is right.
    """
    shown = sorted(linspace_indices(MOST_FRAMES, len(frames)))
    aspect = frames.shape[-2] / frames.shape[-1]
    height = _COLUMN * aspect + _CAPTION
    columns = max(len(shown), 3)
    page = _Page(_LABEL + columns * _COLUMN + _MARGIN, _TOP + (len(rows) + 1) * height + 0.62)
    page.text(_MARGIN, 0.15, title, size=13, colour="#1a7f37" if is_right else "#b42318", bold=True)
    page.text(_MARGIN, 0.44, subtitle, size=9, colour="#555555")
    places = [_LABEL + column * _COLUMN for column in range(len(shown))]
    page.text(_MARGIN, _TOP + 0.1, "frames", size=9.5, bold=True)
    for x, index in zip(places, shown, strict=True):
        axes = page.axes(x, _TOP, _COLUMN - 0.08, height - _CAPTION)
        axes.imshow(frames[index].permute(1, 2, 0).numpy())
        page.text(x, _TOP - 0.2, f"{index + 1} of {len(frames)}", size=8, colour="#555555")
    for number, row in enumerate(rows, 1):
        y = _TOP + number * height
        _draw_label(page, row, y)
        for x, index in zip(places, shown, strict=True):
            axes = page.axes(x, y, _COLUMN - 0.08, height - _CAPTION)
            draw_heat(axes, row, frames[index], index)
            if row.is_relevance:
                caption = f"{_percent(float(row.frame_shares[index]))} of relevance"
                page.text(x, y + height - _CAPTION + 0.03, caption, size=7.5, colour="#555555")
    _draw_scale(page, _TOP + (len(rows) + 1) * height + 0.12)
    return page.figure


def draw_heat(axes: Axes, row: MapRow, frame: Tensor, index: int) -> None:
    """Draws a frame in grey with the heat of its patches over it.

    Args:
        axes: Where to; cleared before.
        row: The map.
        frame: uint8 [3, H, W].
        index: Which frame of the view it is.
    """
    axes.clear()
    axes.set_axis_off()
    height, width = frame.shape[-2:]
    extent = (0.0, float(width), float(height), 0.0)
    grey = frame.float().mean(dim=0).numpy() / 255
    axes.imshow(grey, cmap="gray", vmin=0, vmax=1, extent=extent)
    heat = row.shares.patches[index].numpy()
    axes.imshow(heat, cmap=HEAT, vmin=0, vmax=row.limit, alpha=0.62, extent=extent, interpolation="bilinear")


def _draw_label(page: _Page, row: MapRow, y: float) -> None:
    """Model, map and numbers of a row; long names are cut."""
    lines = [(line, 9.5, "#111111", True) for line in _wrapped(row.model, 1)]
    lines += [(line, 9, "#111111", False) for line in _wrapped(row.title, 2)]
    lines += [(line, 7.5, "#555555", False) for line in (*_wrapped(row.says, 2), *_wrapped(row.where, 2))]
    lines.append((f"brightest from {100 * row.limit:.2g} % a patch", 7.5, "#555555", False))
    step = min(0.158, (_COLUMN + 0.05) / len(lines))
    for number, (line, size, colour, bold) in enumerate(lines):
        page.text(_MARGIN, y + 0.02 + number * step, line, size=size, colour=colour, bold=bold)


def _draw_scale(page: _Page, y: float) -> None:
    axes = page.axes(_LABEL, y, 1.5, 0.12)
    axes.imshow(np.linspace(0, 1, 256)[None], aspect="auto", cmap=HEAT)
    page.text(
        _LABEL + 1.6,
        y - 0.01,
        "from no attention to the brightest patches of the row; each row has its own scale, the same for its frames",
        size=8,
        colour="#555555",
    )


def _wrapped(text: str, n_lines: int) -> list[str]:
    return textwrap.wrap(text, _LETTERS, max_lines=n_lines, placeholder=" …") or [""]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


class _Page:
    """A figure with parts placed in inches from its upper left corner."""

    def __init__(self, width: float, height: float) -> None:
        self.figure = Figure(figsize=(width, height), facecolor="white")
        self._width, self._height = width, height

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        place = (x / self._width, 1 - (y + height) / self._height, width / self._width, height / self._height)
        axes = self.figure.add_axes(place)
        axes.set_axis_off()
        return axes

    def text(self, x: float, y: float, text: str, *, size: float, colour: str = "#111111", bold: bool = False) -> None:
        """Draws text from its upper left corner, cut at the edge of the page; `$` is a dollar sign."""
        letters = int((self._width - x - 0.05) * 72 / (size * (0.58 if bold else 0.53)))
        shortened = text if len(text) <= letters else f"{text[: letters - 1]}…"
        place = (x / self._width, 1 - y / self._height)
        weight = "bold" if bold else "normal"
        self.figure.text(*place, shortened, fontsize=size, color=colour, fontweight=weight, va="top", parse_math=False)
