"""Tests of `Augmentation`: one kind of crop is described."""

import pytest

from zsar.datamodules.views.augmentation import Augmentation


def test_an_area_takes_the_place_of_scales() -> None:
    assert Augmentation(area=(0.08, 1.0)).area == (0.08, 1.0)
    with pytest.raises(ValueError, match=r"area is \[0.08, 1.0\], which replaces its scales; leave one out"):
        Augmentation(area=(0.08, 1.0), scales=(1.0,))


def test_a_short_side_takes_the_place_of_scales_and_of_an_area() -> None:
    assert Augmentation(short_side=(1.0, 1.25)).short_side == (1.0, 1.25)
    with pytest.raises(ValueError, match=r"short_side is \[1.0, 1.25\], which replaces its scales; leave one out"):
        Augmentation(short_side=(1.0, 1.25), scales=(1.0,))
    with pytest.raises(ValueError, match="area and augmentation.short_side are two kinds of crops; leave one out"):
        Augmentation(short_side=(1.0, 1.25), area=(0.08, 1.0))
