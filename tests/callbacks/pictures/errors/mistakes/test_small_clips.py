from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from zsar.callbacks.pictures.errors.mistakes.small_clips import LARGEST_BYTES, small_frames, write_small_clip


def noise(n: int, height: int, width: int) -> torch.Tensor:
    return torch.randint(0, 256, (n, 3, height, width), dtype=torch.uint8, generator=torch.manual_seed(0))


def test_frames_are_spread_over_the_clip_and_fit_a_square() -> None:
    frames = torch.arange(9, dtype=torch.uint8)[:, None, None, None].expand(-1, 3, 240, 320)
    small = small_frames(frames, n=3, side_px=160)
    assert small.shape == (3, 120, 160, 3)
    assert [int(frame[0, 0, 0]) for frame in small] == [0, 4, 8]


def test_tiny_frames_are_enlarged_by_a_whole_factor_without_new_colours() -> None:
    frames = noise(2, 32, 48)
    small = small_frames(frames, n=5, side_px=150)
    assert small.shape == (2, 96, 144, 3)
    np.testing.assert_array_equal(small[:, ::3, ::3], frames.permute(0, 2, 3, 1).numpy())
    assert small_frames(noise(1, 100, 100), n=1, side_px=150).shape == (1, 100, 100, 3)


@pytest.mark.parametrize("size", [(24, 32), (224, 224), (360, 640)])
def test_a_clip_plays_forever_and_is_small_even_if_it_is_noise(size: tuple[int, int], tmp_path: Path) -> None:
    path = write_small_clip(noise(64, *size), tmp_path / "clip.webp")
    assert path.stat().st_size <= LARGEST_BYTES
    with Image.open(path) as clip:
        assert (clip.format, clip.info["loop"]) == ("WEBP", 0)
        assert max(clip.size) <= 160
        assert clip.size[0] / clip.size[1] == pytest.approx(size[1] / size[0], rel=0.02)
        assert clip.n_frames > 1


def test_one_frame_is_a_picture(tmp_path: Path) -> None:
    with Image.open(write_small_clip(noise(1, 224, 224), tmp_path / "clip.webp")) as clip:
        assert clip.n_frames == 1


def test_the_colours_are_those_of_the_video(tmp_path: Path) -> None:
    frames = torch.zeros(4, 3, 64, 64, dtype=torch.uint8)
    frames[:, 0] = 200
    with Image.open(write_small_clip(frames, tmp_path / "clip.webp")) as clip:
        red, green, blue = np.asarray(clip.convert("RGB")).reshape(-1, 3).mean(axis=0)
    assert (red, green, blue) == pytest.approx((200, 0, 0), abs=8)
