"""The views of TPT's code (azshue/TPT, restated), one picture at a time with Pillow: the oracle of `AugmentedViews`.

The base view is the picture with its short side resized to S (bicubic), cropped in the centre. A further view is a
random crop resized to S x S (bilinear), perhaps mirrored, and on UCF-101 and other small sets AugMix of that.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from tests.reference.pil_augmix import augmix_one
from zsar.datamodules.views.mixing.augmix import AugMixDraws


def base_view(picture: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """The picture [H, W, 3] as it is predicted on, [S, S, 3]."""
    height, width = picture.shape[:2]
    shape = (size, int(size * height / width)) if width <= height else (int(size * width / height), size)
    resized = Image.fromarray(picture).resize(shape, Image.Resampling.BICUBIC)
    left, top = round((shape[0] - size) / 2), round((shape[1] - size) / 2)
    return np.asarray(resized.crop((left, top, left + size, top + size)))


def crop_view(
    picture: NDArray[np.uint8],
    part: tuple[int, int, int, int],
    size: int,
    *,
    is_mirrored: bool,
    draws: AugMixDraws | None = None,
    index: int = 0,
    filter_: Image.Resampling = Image.Resampling.BILINEAR,
) -> NDArray[np.uint8]:
    """A further view [S, S, 3].

    Args:
        picture: [H, W, 3].
        part: Top, left, height and width of the crop.
        size: S.
        is_mirrored: Whether it is mirrored.
        draws: Of AugMix, of which `index` is taken; None for none.
        index: Which of the draws.
        filter_: How the crop is resized.
    """
    top, left, height, width = part
    view = Image.fromarray(picture).crop((left, top, left + width, top + height)).resize((size, size), filter_)
    view = ImageOps.mirror(view) if is_mirrored else view
    return np.asarray(view) if draws is None else augmix_one(np.asarray(view), draws, index)
