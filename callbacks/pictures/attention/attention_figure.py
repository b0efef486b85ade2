"""The picture of attention maps: frames on top, below them a row of heat for each map and model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from zsar.callbacks.pictures.attention.observed_video import AttentionMap, ObservedVideo
from zsar.callbacks.pictures.attention.token_shares import TokenShares
from zsar.callbacks.pictures.figures import linspace_indices
from zsar.callbacks.pictures.localization.text_fitting import two_lines
from zsar.callbacks.pictures.page import INK, MARGIN, SOFT, Page

MOST_FRAMES = 8
"""Maximum number of frames in a picture; the numbers have all."""
HEAT = "inferno"
_COLUMN, _LABEL, _GAP = 1.5, 2.5, 0.08  # widths in inches: a frame's, a row's label, between frames
_CAPTION = 0.2  # inches above each frame
_BETWEEN = 0.12  # inches between maps of different kinds
_LEAST_HEIGHT = 1.35  # inches of a row, for its label
_LEAST_PX = 192  # of the shorter side of a frame under heat
_COLDEST, _HOTTEST = 0.1, 0.75  # opacity of the heat
_PERCENTILE = 99  # of the patches of a row, where its colours end


@dataclass(frozen=True)
class MapRow:
    """A row of heat.

    Attributes:
        model: Name of the model.
        says: What the model predicts, with its probability.
        title: How the map is made.
        shares: The shares of the frames of the view.
        divided: What the totals of frames are of, where they differ, so that they are shown: "relevance", or
            "attention" where frames see their neighbours; else None.
    """

    model: str
    says: str
    title: str
    shares: TokenShares
    divided: str | None

    @property
    def limit(self) -> float:
        """The share of a patch at which colours end."""
        top = float(np.percentile(self.shares.patches.numpy(), _PERCENTILE))
        return top if top > 0 else float(self.shares.patches.max()) or 1.0

    @property
    def frame_shares(self) -> NDArray[np.float64]:
        """The part of each frame in the total of all frames, [T]."""
        total = self.shares.total.double().numpy()
        parts: NDArray[np.float64] = total / (total.sum() or 1.0)
        return parts

    @property
    def where(self) -> str:
        """Which tokens the attention goes to, in words."""
        return ", ".join(self.parts)

    @property
    def parts(self) -> list[str]:
        """The share of each kind of token, mean over frames."""
        parts = [f"patches {_percent(float(self.shares.patches.sum(dim=(1, 2)).mean()))}"]
        others = {"class token": self.shares.class_token, "registers": self.shares.registers}
        others["temporal token"] = self.shares.temporal
        parts += [f"{name} {_percent(share)}" for name, values in others.items() if (share := float(values.mean())) > 0]
        return parts


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
            divided = "relevance" if one.name == "gradient" else "attention" if video.has_neighbours else None
            rows.append(MapRow(name, says, map_title(one, class_names), one.views[view], divided))
    return rows


def map_title(one: AttentionMap, class_names: Sequence[str]) -> str:
    """How a map is made, in a few words."""
    if one.label is not None:
        return f"gradient for {class_names[one.label]}"
    return {"last": "last block", "rollout": "rollout of all blocks", "gradient": "gradient"}[one.name]


def draw_attention(rows: Sequence[MapRow], frames: Tensor, *, title: str, lines: Sequence[str]) -> Figure:
    """Draws the rows of one video.

    Args:
        rows: Of `map_rows`.
        frames: The frames of the view, uint8 [T, 3, H, W]; at most eight are shown.
        title: True and predicted class.
        lines: Small print below it.
    """
    shown = sorted(linspace_indices(MOST_FRAMES, len(frames)))
    image = (len(shown) * _COLUMN - _GAP, (_COLUMN - _GAP) * frames.shape[-2] / frames.shape[-1])
    height = max(image[1] + _GAP, _LEAST_HEIGHT)
    step, groups = height + _CAPTION, list(dict.fromkeys(row.title for row in rows))
    total = (len(rows) + 1) * step + len(groups) * _BETWEEN + 0.6
    page = Page(_LABEL + max(len(shown), 3) * _COLUMN + MARGIN, total, title=title, lines=lines)
    page.text(MARGIN, page.top + _CAPTION, "frames", size=9.5, bold=True)
    _caption(page, page.top, [f"{index + 1} of {len(frames)}" for index in shown])
    _show(page, page.top + _CAPTION, image, [enlarged(frames[index]) for index in shown])
    for number, row in enumerate(rows, 1):
        y = page.top + number * step + (groups.index(row.title) + 1) * _BETWEEN + _CAPTION
        _draw_label(page, row, y, height)
        if row.divided is not None:
            _caption(page, y - _CAPTION, [f"{_percent(float(row.frame_shares[i]))} of {row.divided}" for i in shown])
        heat = [under_heat(frames[i], row.shares.patches[i] / row.limit) for i in shown]
        _show(page, y, image, heat)
    _draw_scale(page, page.top + total - 0.4)
    return page.figure


def enlarged(frame: Tensor) -> NDArray[np.float64]:
    """A frame as large as `under_heat` makes it: uint8 [3, H, W] -> RGB from 0 to 1, [H', W', 3]."""
    scale = max(1, math.ceil(_LEAST_PX / min(frame.shape[-2:])))
    large: NDArray[np.float64] = frame.permute(1, 2, 0).double().div(255).numpy()
    return large.repeat(scale, axis=0).repeat(scale, axis=1)


def under_heat(frame: Tensor, heat: Tensor) -> NDArray[np.float64]:
    """A frame in grey; the hotter a place, the more of its colour is laid over it.

    Args:
        frame: uint8 [3, H, W].
        heat: Of each patch, [h, w]; 0 is cold, 1 and more hottest. Interpolated between the centres of patches.

    Returns:
        RGB from 0 to 1, [H', W', 3]; small frames are enlarged.
    """
    grey = enlarged(frame).mean(axis=2, keepdims=True)
    size = grey.shape[:2]
    fine = functional.interpolate(heat[None, None].double(), size=size, mode="bilinear")[0, 0].clamp(0, 1)
    opacity = (_COLDEST + (_HOTTEST - _COLDEST) * fine.sqrt()).numpy()[..., None]
    colours: NDArray[np.float64] = colormaps[HEAT](fine.numpy())[..., :3]
    blended: NDArray[np.float64] = opacity * colours + (1 - opacity) * grey
    return blended


def _show(page: Page, y: float, size: tuple[float, float], images: Sequence[NDArray[np.float64]]) -> None:
    """Draws images side by side, as one: axes are what takes time."""
    gap = np.ones((len(images[0]), round(_GAP / (_COLUMN - _GAP) * images[0].shape[1]), 3))
    parts = [part for image in images for part in (image, gap)][:-1]
    axes = page.axes(_LABEL, y, *size)
    axes.set_axis_off()
    axes.imshow(np.concatenate(parts, axis=1), aspect="auto")


def _caption(page: Page, y: float, texts: Sequence[str]) -> None:
    for column, text in enumerate(texts):
        page.text(_LABEL + column * _COLUMN, y + 0.02, text, size=7.5, colour=SOFT, width=_COLUMN - _GAP)


def _draw_label(page: Page, row: MapRow, y: float, height: float) -> None:
    """Model, map and numbers of a row; what is too long is shortened."""
    width = (_LABEL - MARGIN - 0.15) * 72
    lines = [(row.model, 9.5, INK, True), *((line, 9.0, INK, False) for line in two_lines(row.title, width, 9))]
    small = [*two_lines(row.says, width, 7.5), ", ".join(row.parts[:2]), *row.parts[2:]]
    small.append(f"colours end at {100 * row.limit:.2g} % in one patch")
    lines += [(line, 7.5, SOFT, False) for line in small]
    step = min(0.165, height / len(lines))
    for number, (line, size, colour, bold) in enumerate(lines):
        page.text(MARGIN, y + number * step, line, size=size, colour=colour, bold=bold, width=width / 72)


def _draw_scale(page: Page, y: float) -> None:
    axes = page.axes(_LABEL, y, 1.2, 0.12)
    axes.set_axis_off()
    axes.imshow(np.linspace(0, 1, 256)[None], aspect="auto", cmap=HEAT)
    meaning = "cold … hottest patches of the row; each row has a scale of its own, the same for all its frames"
    page.text(_LABEL + 1.3, y - 0.02, meaning, size=8, colour=SOFT)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
