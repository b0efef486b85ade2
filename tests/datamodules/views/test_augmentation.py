"""Tests of `Augmentation`: one kind of crop is described."""

import pytest

from zsar.datamodules.views.augmentation import Augmentation


def test_an_area_takes_the_place_of_scales() -> None:
    assert Augmentation(area=(0.08, 1.0)).area == (0.08, 1.0)
    with pytest.raises(ValueError, match=r"area is \[0.08, 1.0\], which replaces its scales; leave one out"):
        Augmentation(area=(0.08, 1.0), scales=(1.0,))
