"""The one place that writes a figure to disk."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from zsar.runtime.whole_files import whole_file


def save_figure(figure: Figure, path: Path, *, dots_per_inch: int = 150) -> Path:
    """Writes a figure.

    Args:
        figure: A matplotlib figure, made without pyplot, so that no window system is needed.
        path: Where to; the suffix chooses the format (.png, .pdf, .svg).
        dots_per_inch: Resolution of a bitmap.

    Returns:
        The path.

    Raises:
        ValueError: matplotlib does not know the suffix.
    """
    with whole_file(path) as unfinished:
        figure.savefig(unfinished, dpi=dots_per_inch)
    return path
