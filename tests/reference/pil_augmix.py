"""AugMix with Pillow, one image and one operation at a time: the oracle of `views.mixing.augmix`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from zsar.datamodules.views.mixing.augmix import OPERATIONS, AugMixDraws


def operate(image: Image.Image, name: str, level: float, sign: float) -> Image.Image:
    """One operation of a level, as the paper defines it."""
    width, height = image.size
    if name == "autocontrast":
        return ImageOps.autocontrast(image)
    if name == "equalize":
        return ImageOps.equalize(image)
    if name == "posterize":
        return ImageOps.posterize(image, 4 - int(level * 4 / 10))
    if name == "solarize":
        return ImageOps.solarize(image, 256 - int(level * 256 / 10))
    if name == "rotate":
        return image.rotate(sign * int(level * 30 / 10), resample=Image.Resampling.BILINEAR)
    shear = sign * level * 0.3 / 10
    matrix = {
        "shear_x": (1, shear, 0, 0, 1, 0),
        "shear_y": (1, 0, 0, shear, 1, 0),
        "translate_x": (1, 0, sign * int(level * (width / 3) / 10), 0, 1, 0),
        "translate_y": (1, 0, 0, 0, 1, sign * int(level * (height / 3) / 10)),
    }[name]
    return image.transform(image.size, Image.Transform.AFFINE, matrix, resample=Image.Resampling.BILINEAR)


def augmix_one(pixels: NDArray[np.uint8], draws: AugMixDraws, index: int) -> NDArray[np.uint8]:
    """AugMix of one image [H, W, 3] with the draws of image `index`."""
    original = Image.fromarray(pixels)
    mix = float(draws.mix[index])
    total = mix * pixels.astype(np.float64)
    for chain in range(3):
        image = original
        for step in range(int(draws.depths[index, chain])):
            at = (index, chain, step)
            name = OPERATIONS[int(draws.operations[at])]
            image = operate(image, name, float(draws.levels[at]), float(draws.signs[at]))
        total += (1 - mix) * float(draws.weights[index, chain]) * np.asarray(image)
    return np.rint(total).astype(np.uint8)
