"""The one place that writes a figure to disk."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure


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
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=dots_per_inch)
    return path
