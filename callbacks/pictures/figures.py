"""What pictures share: the choice of what is shown where not all fits, and the one place that writes a figure."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.text import Text

from zsar.runtime.files.whole_files import whole_file
from zsar.runtime.terminal import say, shown

_MISSING_GLYPH = re.compile(r"Glyph (\d+) .*missing from")


def linspace_indices(n_wanted: int, n: int) -> set[int]:
    """Chooses some of many, from the first to the last at equal distances.

    Args:
        n_wanted: How many.
        n: Of how many.

    Returns:
        Indices below n; all of them where as many or more are wanted.
    """
    return set(np.linspace(0, n - 1, min(n_wanted, n)).round().astype(int).tolist())


def save_figure(figure: Figure, path: Path, *, dots_per_inch: int = 150) -> Path:
    """Writes a figure, whose text is shown as it was typed: a dollar sign begins no formula.

    Letters that matplotlib's font lacks, as Chinese ones, are boxes in it; a line on the standard error says which.

    Args:
        figure: A matplotlib figure, made without pyplot, so that no window system is needed.
        path: Where to; the suffix chooses the format (.png, .pdf, .svg).
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
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        with whole_file(path) as unfinished:
            figure.savefig(unfinished, dpi=dots_per_inch)
    _pass_on(raised, path)
    return path


def _pass_on(raised: list[warnings.WarningMessage], path: Path) -> None:
    """Says which letters are boxes, in one line, and hands on all other warnings."""
    missing: dict[str, None] = {}
    for warning in raised:
        if match := _MISSING_GLYPH.match(str(warning.message)):
            missing[chr(int(match[1]))] = None
        else:
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    if missing:
        say(f"{path}: the font of pictures has no {' '.join(missing)}, of which it shows boxes", error=True)
