import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from tests.reference import t3al as reference
from zsar.lightning_modules.localization.segments import Edges, moving_average
from zsar.lightning_modules.t3al.frame_selection import Pools, Thinning, places, pools, smoothing_windows, spread


def test_a_short_video_is_cut_into_halves_in_order_of_time() -> None:
    top, bottom = pools(torch.tensor([0.1, 0.9, 0.3, 0.8, 0.2]), 4)
    assert top.tolist() == [1, 3]
    assert bottom.tolist() == [0, 4]  # the middle one, 2, is in neither


@pytest.mark.parametrize("n_frames", [2, 3, 199, 400, 401, 800, 801])
def test_pools_are_disjoint_and_as_large_as_they_may_be(n_frames: int) -> None:
    top, bottom = pools(torch.rand(n_frames), 2)
    assert len(top) == len(bottom) == min(200, n_frames // 2)
    assert not set(top.tolist()) & set(bottom.tolist())


def test_equal_scores_still_give_two_different_pools() -> None:
    top, bottom = pools(torch.zeros(10), 2)
    assert top.tolist() == [0, 1, 2, 3, 4]
    assert bottom.tolist() == [5, 6, 7, 8, 9]


def test_the_oracle_takes_positives_inside_and_negatives_outside() -> None:
    inside = torch.tensor([True, True, False, False, False, True])
    top, bottom = pools(torch.tensor([0.0, 0.1, 0.9, 0.8, 0.7, 0.2]), 1, inside)
    assert top.tolist() == [0, 1, 5]
    assert bottom.tolist() == [2, 3, 4]


@pytest.mark.parametrize("inside", [torch.zeros(6, dtype=torch.bool), torch.ones(6, dtype=torch.bool)])
def test_an_oracle_that_cannot_tell_frames_apart_is_not_asked(inside: Tensor) -> None:
    scores = torch.rand(6)
    for ours, plain in zip(pools(scores, 1, inside), pools(scores, 1), strict=True):
        assert ours.tolist() == plain.tolist()


def test_the_oracle_keeps_the_best_inside_and_the_worst_outside() -> None:
    scores = torch.arange(500.0)
    inside = scores >= 250
    top, bottom = pools(scores, 1, inside)
    assert top.tolist() == list(range(400, 500))
    assert bottom.tolist() == list(range(100))


def test_places_are_the_middles_of_equal_parts_moved_by_at_most_ten() -> None:
    assert places(400, torch.full((4,), 0.5)).tolist() == [50, 150, 250, 350]
    assert places(400, torch.zeros(4)).tolist() == [40, 140, 240, 340]
    assert places(400, torch.full((4,), 0.9999)).tolist() == [60, 160, 260, 360]


def test_noise_shrinks_with_the_pool_so_that_no_frame_is_taken_twice() -> None:
    for n_pool in range(4, 100):
        for draws in (torch.zeros(4), torch.full((4,), 0.9999), torch.rand(4)):
            taken = places(n_pool, draws).tolist()
            assert len(set(taken)) == 4
            assert taken == sorted(taken)
            assert taken[0] >= 0
            assert taken[-1] < n_pool


def test_a_pool_smaller_than_k_is_taken_whole_and_again() -> None:
    assert places(2, torch.rand(4)).tolist() == [0, 0, 1, 1]
    assert places(1, torch.rand(3)).tolist() == [0, 0, 0]


def test_the_authors_pools_of_a_short_video_overlap_and_of_a_shorter_one_are_the_same() -> None:
    scores = torch.arange(150.0)
    top, bottom = pools(scores, 1, rule="overlapping")  # 100 K = 100 of either end
    assert (top.tolist(), bottom.tolist()) == (list(range(50, 150)), list(range(100)))
    ours = pools(scores, 1)
    assert (ours[0].tolist(), ours[1].tolist()) == (list(range(75, 150)), list(range(75)))
    top, bottom = pools(scores[:80], 1, rule="overlapping")
    assert top.tolist() == bottom.tolist() == list(range(80))
    for one, other in zip(pools(torch.rand(201), 1, rule="overlapping"), pools(torch.rand(201), 1), strict=True):
        assert len(one) == len(other) == 100


def test_the_authors_thinning_takes_first_and_last_and_moves_frames_out_of_the_pool() -> None:
    pool = torch.arange(100, 501, 4)  # 101 frames: the places 0, 33, 66 and 100
    still, most = torch.full((4,), 0.5), torch.full((4,), 0.9999)
    assert spread(pool, still, 1000, thinning="ends").tolist() == [100, 232, 364, 500]
    assert spread(pool, most, 1000, thinning="ends").tolist() == [110, 242, 374, 510]  # 242 is not in the pool
    assert spread(pool, torch.zeros(4), 95, thinning="ends").tolist() == [90, 94, 94, 94]  # but in the video
    assert spread(pool, still, 1000).tolist() == [pool[i] for i in (12, 37, 63, 88)]
    assert spread(pool, still[:1], 1000, thinning="ends").tolist() == [100]


@pytest.mark.parametrize("n_frames", [2, 7, 50, 333, 1200])
@pytest.mark.parametrize("oracle", [False, True])
@pytest.mark.parametrize("rule", ["halves", "overlapping"])
@pytest.mark.parametrize("thinning", ["middles", "ends"])
def test_selection_is_the_reference(n_frames: int, oracle: bool, rule: Pools, thinning: Thinning) -> None:
    scores, draws = torch.randn(n_frames, dtype=torch.float64).round(decimals=1), torch.rand(3, 3)
    inside = torch.rand(n_frames) > 0.6 if oracle else None
    found = pools(scores, 3, inside, rule=rule)
    ours = tuple(
        spread(pool, of_pool, n_frames, thinning=thinning).tolist()
        for pool, of_pool in zip(found, draws[:2], strict=True)
    )
    assert ours == reference.select(scores, 3, draws, inside, pools=rule, thinning=thinning)


@pytest.mark.parametrize("n_frames", [1, 5, 30])
@pytest.mark.parametrize("window", [1, 2, 5, 20, 100])
@pytest.mark.parametrize("edges", ["cut", "repeated"])
def test_windows_and_weights_are_the_moving_average(n_frames: int, window: int, edges: Edges) -> None:
    scores = torch.randn(n_frames, dtype=torch.float64)
    frames = torch.arange(n_frames)
    neighbours, weights = smoothing_windows(frames, n_frames, window, torch.float64, edges=edges)
    assert_close(weights.sum(dim=1), torch.ones(n_frames, dtype=torch.float64))
    averaged = (scores[neighbours] * weights).sum(dim=1)
    assert_close(averaged, moving_average(scores, window, edges=edges))
