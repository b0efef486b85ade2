from __future__ import annotations

import pytest

from tests.makers.results.localization_pictures import picture
from zsar.callbacks.pictures.localization.class_colours import GREY, class_colours, mixed
from zsar.callbacks.pictures.localization.picture import PicturedSegment


def test_classes_of_the_best_segments_come_first_then_annotated_ones_then_curves_then_suppressed() -> None:
    segments = (
        PicturedSegment(0, 1, "weak", 0.2),
        PicturedSegment(0, 1, "taken back", 0.9, suppressed=True),
        PicturedSegment(0, 1, "strong", 0.8),
    )
    truth = (PicturedSegment(0, 1, "annotated"), PicturedSegment(0, 1, "weak"))
    colours, n_others = class_colours(picture(names=("curve", "strong"), segments=segments, truth=truth))
    assert list(colours) == ["strong", "weak", "annotated", "curve", "taken back"]
    assert len(set(colours.values())) == 5
    assert n_others == 0


@pytest.mark.parametrize(("n", "n_others"), [(7, 0), (8, 0), (9, 1), (200, 192)])
def test_beyond_eight_classes_all_are_others(n: int, n_others: int) -> None:
    colours, others = class_colours(picture(names=tuple(str(i) for i in range(n))))
    assert list(colours) == [str(i) for i in range(min(n, 8))]
    assert others == n_others
    assert GREY not in colours.values()


def test_a_mixture_has_a_share_of_each_colour() -> None:
    assert mixed("black", "white", 0.2) == "#333333"
    assert mixed("#ff0000", "#0000ff") == "#800080"
