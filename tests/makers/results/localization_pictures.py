"""Pictures of temporal localization to draw, and what is found in the figures."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from numpy.typing import NDArray

from zsar.callbacks.pictures.localization.picture import LocalizationPicture, PicturedSegment, ScoreCurve

LONG = "performing a complicated gymnastics routine on parallel bars"
LETTERS = "".join(chr(ord("A") + i % 26) for i in range(60))


def spread(n: int, end: float) -> NDArray[np.float64]:
    return np.arange(n) * end / n


def picture(
    *,
    duration: float = 10.0,
    n: int = 50,
    names: tuple[str, ...] = ("surf",),
    segments: tuple[PicturedSegment, ...] = (),
    truth: tuple[PicturedSegment, ...] = (),
    n_frames: int = 3,
) -> LocalizationPicture:
    """Curves that rise from 0 towards 1, and frames at equal distances."""
    curves = tuple(ScoreCurve(name, spread(n, 1.0), 0.5) for name in names)
    frames = np.full((n_frames, 9, 16, 3), 128, dtype=np.uint8)
    return LocalizationPicture(
        "v_1", duration, spread(n, duration), curves, segments, truth, frames, spread(n_frames, duration)
    )


def many(n: int, duration: float, names: tuple[str, ...], *, seed: int = 0) -> tuple[PicturedSegment, ...]:
    """Segments at random places, some of which overlap, every fifth suppressed."""
    generator = np.random.default_rng(seed)
    starts, lengths = generator.uniform(0, 0.95, n) * duration, generator.uniform(0.001, 0.05, n) * duration
    return tuple(
        PicturedSegment(start, start + length, names[i % len(names)], generator.uniform(), i % 5 == 0)
        for i, (start, length) in enumerate(zip(starts.tolist(), lengths.tolist(), strict=True))
    )


def axes_of(figure: Figure, name: str) -> Axes:
    (axes,) = [axes for axes in figure.axes if axes.get_label() == name]
    return axes


def bars(figure: Figure, axes: str = "rows") -> list[Rectangle]:
    """Those of the segments, from the left and the top."""
    found = [p for p in axes_of(figure, axes).patches if p.get_label() == "segment" and isinstance(p, Rectangle)]
    return sorted(found, key=lambda bar: (bar.get_x(), bar.get_y()))


def texts(figure: Figure) -> list[Text]:
    """All that can be read, laid out."""
    figure.draw_without_rendering()
    found = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    return [text for text in found if text.get_visible() and text.get_text().strip()]


def points(line: Line2D) -> NDArray[np.float64]:
    """[N, 2], times and scores."""
    return np.asarray(line.get_xydata(), dtype=np.float64)


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in texts(figure)]
