"""Shared by all pictures: the selection of shown items, and writing a figure."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.text import Text

from zsar.callbacks.pictures.installed_fonts import families_for
from zsar.runtime.files.whole_files import whole_file
from zsar.runtime.terminal import say, shown

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#000000")
"""Okabe and Ito's colours, safe for colour blindness; wine instead of their yellow, which is pale on white."""

_MISSING_GLYPH = re.compile(r"Glyph (\d+) .*missing from")


def linspace_indices(n_wanted: int, n: int) -> set[int]:
    """Chooses equally spaced indices from the first to the last.

    Args:
        n_wanted: Number of indices wanted.
        n: Number of items.

    Returns:
        Indices below n; all of them if at least n are wanted.
    """
    return set(np.linspace(0, n - 1, min(n_wanted, n)).round().astype(int).tolist())


def save_figure(figure: Figure, path: Path, *, dots_per_inch: int = 150) -> Path:
    """Writes a figure; text is shown literally: a dollar sign does not start a formula.

    Characters missing from matplotlib's font, such as Chinese ones, are drawn in an installed font that has them, else
    as boxes; a line on stderr lists those.

    Args:
        figure: A matplotlib figure, made without pyplot, so no window system is needed.
        path: Output file; the suffix selects the format (.png, .pdf, .svg).
        dots_per_inch: Resolution of a bitmap.

    Returns:
        The path.

    Raises:
        ValueError: matplotlib does not know the suffix.
    """
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        text.set_parse_math(False)
        text.set_text("\n".join(map(shown, text.get_text().split("\n"))))
        if further := families_for(text.get_text()):
            text.set_fontfamily([*text.get_fontfamily(), *further])
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        with whole_file(path) as unfinished:
            figure.savefig(unfinished, dpi=dots_per_inch)
    _pass_on(raised, path)
    return path


def _pass_on(raised: list[warnings.WarningMessage], path: Path) -> None:
    """Reports missing characters in one line, and passes on all other warnings."""
    missing: dict[str, None] = {}
    for warning in raised:
        if match := _MISSING_GLYPH.match(str(warning.message)):
            missing[chr(int(match[1]))] = None
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    if missing:
        say(f"{path}: no installed font has {' '.join(missing)}, shown as boxes", error=True)
