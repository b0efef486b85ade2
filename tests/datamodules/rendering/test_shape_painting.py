import numpy as np
import pytest

from zsar.datamodules.rendering.shape_painting import (
    SIGNED_DISTANCES,
    blend,
    jittered_colour,
    steady_motion,
    summed_coverage,
)


def test_a_centre_moves_at_one_speed() -> None:
    assert steady_motion(3, 10.0, 4.0).tolist() == [8.0, 10.0, 12.0]
    with pytest.raises(ValueError, match="n_frames is 1, but motion needs at least 2 frames"):
        steady_motion(1, 10.0, 4.0)


def test_a_pixel_on_the_edge_is_half_covered_and_exposures_are_summed() -> None:
    distances = np.array([-2.0, 0.0, 0.5, -0.25]).reshape(1, 1, 1, 4)
    assert summed_coverage(distances).tolist() == [[[256, 128, 0, 192]]]
    assert summed_coverage(np.concatenate([distances, distances + 0.5], axis=1)).tolist() == [[[512, 128, 0, 256]]]


def test_colour_lies_over_the_background_by_the_share_of_its_exposures() -> None:
    coverage, colour = np.array([[[0, 256, 512]]], np.int32), np.array([100, 0, 10], np.int32)
    background = np.full((1, 3, 3), 50, np.int32)
    assert blend(coverage, colour, background, n_exposures=2).tolist() == [[[[50, 50, 50], [75, 25, 30], [100, 0, 10]]]]


def test_a_colour_is_near_its_name() -> None:
    drawn = np.stack([jittered_colour((100, 150, 200), np.random.default_rng(seed)) for seed in range(200)])
    assert (np.abs(drawn - [100, 150, 200]).max(axis=0) == 20).all()


def test_distances_are_negative_inside_and_0_on_the_edge() -> None:
    zero = np.zeros(1)
    assert all(distance(zero, zero, 5.0)[0] < 0 for distance in SIGNED_DISTANCES.values())
    assert SIGNED_DISTANCES["circle"](np.array([3.0]), np.array([4.0]), 5.0).tolist() == [0.0]
    assert SIGNED_DISTANCES["square"](np.array([6.5]), zero, 5.0).tolist() == [1.0]
