import numpy as np
import pytest
from numpy.typing import NDArray

from zsar.datamodules.rendering.frame_shifts import add_fog, add_noise, blur, cast_colour, drop_frames, lower_contrast


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def random_frames() -> NDArray[np.uint8]:
    return generator().integers(0, 256, (3, 8, 10, 3), dtype=np.uint8)


def test_noise_has_the_standard_deviation_that_is_asked_for_and_no_bias() -> None:
    grey = np.full((24, 32, 32, 3), 128, dtype=np.uint8)
    noise = add_noise(grey, generator(), standard_deviation=0.1).astype(float) - 128
    assert noise.shape == grey.shape
    assert noise.std() == pytest.approx(25.5, rel=0.02)
    assert noise.mean() == pytest.approx(0, abs=0.5)


def test_noise_is_fresh_for_each_frame_and_the_same_for_a_seed() -> None:
    grey = np.full((2, 8, 8, 3), 128, dtype=np.uint8)
    first, second = add_noise(grey, generator(), standard_deviation=0.1)
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] == pytest.approx(0, abs=0.2)
    np.testing.assert_array_equal(add_noise(grey, generator(), standard_deviation=0.1), np.stack([first, second]))
    assert (add_noise(grey, generator(1), standard_deviation=0.1)[0] != first).any()


def test_noise_stays_within_the_pixel_range_instead_of_wrapping_around() -> None:
    white = np.full((1, 16, 16, 3), 255, dtype=np.uint8)
    noisy = add_noise(white, generator(), standard_deviation=0.1)
    assert noisy.dtype == np.uint8
    assert noisy.min() > 100
    assert (noisy == 255).mean() == pytest.approx(0.5, abs=0.1)


def test_less_contrast_moves_values_towards_the_mean_of_their_own_frame() -> None:
    frames = np.zeros((2, 1, 2, 3), dtype=np.uint8)
    frames[0, 0] = [[0, 0, 0], [100, 100, 100]]  # mean 50
    frames[1, 0] = [[200, 220, 240], [200, 220, 240]]  # mean 220
    lower = lower_contrast(frames, 0.5)
    assert lower[0, 0].tolist() == [[25, 25, 25], [75, 75, 75]]
    assert lower[1, 0].tolist() == [[210, 220, 230], [210, 220, 230]]


def test_a_colour_cast_takes_blue_away_and_half_as_much_green() -> None:
    frames = np.full((2, 1, 2, 3), 200, dtype=np.uint8)
    frames[1] = [10, 21, 5]
    cast = cast_colour(frames, 0.4)
    assert cast.dtype == np.uint8
    assert cast[0, 0].tolist() == [[200, 160, 120]] * 2
    assert cast[1, 0].tolist() == [[10, 17, 3]] * 2  # 16.8 and 3


def test_fog_mixes_light_grey_into_every_pixel() -> None:
    frames = np.zeros((2, 1, 2, 3), dtype=np.uint8)
    frames[1, 0] = [[220, 100, 255], [0, 0, 1]]
    fog = add_fog(frames, 0.25)
    assert fog.dtype == np.uint8
    assert fog[0, 0].tolist() == [[55, 55, 55]] * 2
    assert fog[1, 0].tolist() == [[220, 130, 246], [55, 55, 56]]  # 246.25, 55.75


def test_a_blurred_point_is_a_gaussian_of_the_width_that_is_asked_for() -> None:
    frames = np.zeros((1, 33, 33, 3), dtype=np.uint8)
    frames[0, 16, 16] = 255
    (blurred,) = blur(frames, 1.0).astype(float)
    assert blurred.shape == (33, 33, 3)
    # 255 / (2 pi) in the middle, exp(-1/2) of it one pixel away, in any of the four directions
    assert [blurred[16, 16, 0], blurred[16, 17, 0], blurred[15, 16, 2], blurred[17, 17, 1]] == [41, 25, 25, 15]


def test_a_blur_agrees_with_the_sum_over_all_pairs_of_pixels_and_repeats_the_outermost_ones() -> None:
    frames, sigma, reach = random_frames(), 0.8, 3
    offsets = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    weights /= weights.sum()
    expected = np.zeros(frames.shape)
    for y in range(8):
        for x in range(10):
            for dy, weight_y in zip(offsets, weights, strict=True):
                for dx, weight_x in zip(offsets, weights, strict=True):
                    neighbour = frames[:, np.clip(y + dy, 0, 7), np.clip(x + dx, 0, 9)]
                    expected[:, y, x] += weight_y * weight_x * neighbour
    np.testing.assert_allclose(blur(frames, sigma), expected, atol=0.6)


def test_a_blur_mixes_no_frames_and_no_colours() -> None:
    frames = np.zeros((3, 8, 8, 3), dtype=np.uint8)
    frames[1, ..., 2] = 200
    np.testing.assert_array_equal(blur(frames, 2.0), frames)


@pytest.mark.parametrize(("share", "n_pictures"), [(0.5, 12), (0.875, 3), (0.99, 1), (0.01, 24)])
def test_lost_frames_leave_the_last_one_before_them_in_their_place(share: float, n_pictures: int) -> None:
    frames = np.broadcast_to(np.arange(24, dtype=np.uint8)[:, None, None, None], (24, 2, 2, 3))
    dropped = drop_frames(frames, generator(), share=share)
    assert dropped.shape == frames.shape
    shown = dropped[:, 0, 0, 0]
    assert shown[0] == 0
    assert len(set(shown.tolist())) == n_pictures
    for t, picture in enumerate(shown):
        assert picture in (t, shown[t - 1])  # its own, or the one that was there already


def test_which_frames_are_lost_depends_on_the_seed() -> None:
    frames = np.broadcast_to(np.arange(24, dtype=np.uint8)[:, None, None, None], (24, 2, 2, 3))
    first, same, other = (drop_frames(frames, generator(seed), share=0.5) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()


def test_frames_that_were_given_stay_as_they_are() -> None:
    frames = random_frames()
    before = frames.copy()
    add_noise(frames, generator(), standard_deviation=0.2)
    lower_contrast(frames, 0.5)
    blur(frames, 1.0)
    cast_colour(frames, 0.5)
    add_fog(frames, 0.5)
    drop_frames(frames, generator(), share=0.5)[:] = 0
    np.testing.assert_array_equal(frames, before)
