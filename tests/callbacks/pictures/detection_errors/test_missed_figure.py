"""The panel on missed instances."""

import pytest
from matplotlib.figure import Figure

from zsar.callbacks.pictures.detection_errors.missed_figure import draw_missed


def test_each_group_has_a_bar_with_its_range_and_counts() -> None:
    axes = Figure().add_subplot()
    group = {"from": 2.0, "to": 3.25, "n": 8, "missed": 2}
    draw_missed(
        axes,
        {
            "length_seconds": [group],
            "coverage": [{**group, "from": 0.125, "to": 0.5, "missed": 8}],
            "n_in_video": [{**group, "from": 1, "to": 1, "missed": 0}, {**group, "from": 2, "to": 4}],
        },
    )
    assert [label.get_text() for label in axes.get_yticklabels()] == ["2 to 3.25 s", "12.5 to 50 %", "1", "2 to 4"]
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([25, 100, 0, 25])  # type: ignore[attr-defined]
    said = [text.get_text() for text in axes.texts]
    assert [text for text in said if " of " in text and "by" not in text] == ["2 of 8", "8 of 8", "0 of 8", "2 of 8"]
