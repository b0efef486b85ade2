"""Styles of series, which differ in colour, dash and marker; `templates/charts/charts.css` defines them."""

N_STYLES = 8
"""Number of different styles; further series repeat them."""


def style_of(index: int) -> int:
    """The number of the style of a series, from 1.

    Args:
        index: Place of the series among those of a page or chart, from 0.
    """
    return index % N_STYLES + 1
