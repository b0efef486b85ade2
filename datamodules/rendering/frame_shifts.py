"""Shifts of a clip's frames: noise, less contrast, blur, lost frames, a colour cast and fog.

Pure functions of uint8 frames [T, H, W, 3]; the last two are the same for all frames and all pixels.

Each rounds once, at the end; blurring adds integers, so that the result is the same on every platform.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_BRIGHTEST = 255
_WEIGHT_UNIT = 1 << 12  # the largest weight of a blur
_WARMTH = (0.0, 0.5, 1.0)  # of the light that a warm lamp lacks: no red, half as much green as blue
_FOG = 220  # grey, nearly white
_REACH = 3  # standard deviations; 0.3 % of a Gaussian's weight lies beyond


def add_noise(
    frames: NDArray[np.uint8], generator: np.random.Generator, *, standard_deviation: float
) -> NDArray[np.uint8]:
    """Adds Gaussian noise to uint8 [T, H, W, 3]; its standard deviation is a fraction of the pixel range."""
    noise = np.rint(generator.standard_normal(frames.shape) * standard_deviation * _BRIGHTEST)
    return (frames + noise).clip(0, _BRIGHTEST).astype(np.uint8)


def lower_contrast(frames: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    """Moves every value towards the mean of its frame, uint8 [T, H, W, 3]; scales its distance by the factor."""
    means = frames.mean(axis=(1, 2, 3), keepdims=True, dtype=np.float64)
    return np.rint(means + factor * (frames - means)).astype(np.uint8)


def blur(frames: NDArray[np.uint8], sigma_px: float) -> NDArray[np.uint8]:
    """Blurs each frame with a Gaussian, uint8 [T, H, W, 3]; edge pixels are repeated beyond the edges."""
    reach = math.ceil(_REACH * sigma_px)
    weights = [round(_WEIGHT_UNIT * math.exp(-0.5 * (offset / sigma_px) ** 2)) for offset in range(-reach, reach + 1)]
    blurred = frames.astype(np.int64)
    for axis in (1, 2):
        width = [(reach, reach) if dim == axis else (0, 0) for dim in range(frames.ndim)]
        windows = np.lib.stride_tricks.sliding_window_view(np.pad(blurred, width, mode="edge"), len(weights), axis)
        blurred = windows @ np.array(weights)
    total = sum(weights) ** 2
    return ((blurred + total // 2) // total).astype(np.uint8)


def cast_colour(frames: NDArray[np.uint8], strength: float) -> NDArray[np.uint8]:
    """Darkens green and blue as under a warm lamp, uint8 [T, H, W, 3]; blue loses the given share, green half of it."""
    gains = 1 - strength * np.array(_WARMTH)
    return np.rint(frames * gains).astype(np.uint8)


def add_fog(frames: NDArray[np.uint8], density: float) -> NDArray[np.uint8]:
    """Mixes light grey, 220, into every pixel, uint8 [T, H, W, 3]; the density is its share."""
    return np.rint((1 - density) * frames + density * _FOG).astype(np.uint8)


def drop_frames(frames: NDArray[np.uint8], generator: np.random.Generator, *, share: float) -> NDArray[np.uint8]:
    """Freezes the picture while frames are lost, uint8 [T, H, W, 3].

    Args:
        frames: The frames.
        generator: Draws the lost frames.
        share: Fraction of the T frames that is lost, rounded to whole frames; the first is never lost.

    Returns:
        T frames; each lost one is replaced by the last one before it that was not lost.
    """
    n_frames = len(frames)
    n_dropped = min(round(share * n_frames), n_frames - 1)
    shown = np.arange(n_frames)
    shown[1 + generator.permutation(n_frames - 1)[:n_dropped]] = 0
    return frames[np.maximum.accumulate(shown)]
