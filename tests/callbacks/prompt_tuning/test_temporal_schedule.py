import pytest
import torch

from zsar.callbacks.prompt_tuning.temporal_schedule import check_schedule, check_subset_fits, frame_indices


def generators(n: int = 1) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(i) for i in range(n)]


@pytest.mark.parametrize(
    ("subset", "expected"),
    [
        ("all", [0, 1, 2, 3, 4, 5, 6, 7]),
        ("left-6", [0, 1, 2, 3, 4, 5]),
        ("right-6", [2, 3, 4, 5, 6, 7]),
        ("centre-6", [1, 2, 3, 4, 5, 6]),
        ("right-4", [4, 5, 6, 7]),
        ("random-8", [0, 1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_subsets_of_eight_frames_are_those_of_the_paper(subset: str, expected: list[int]) -> None:
    assert frame_indices(subset, 8, generators(2)).tolist() == [expected, expected]


def test_random_frames_are_in_order_different_for_each_video_and_step() -> None:
    drawn = generators(20)
    first, second = frame_indices("random-6", 8, drawn), frame_indices("random-6", 8, drawn)
    assert first.shape == (20, 6)
    assert (first.diff(dim=1) > 0).all()
    assert len({tuple(row) for row in first.tolist()}) > 5
    assert not torch.equal(first, second)
    assert torch.equal(first, frame_indices("random-6", 8, generators(20)))


@pytest.mark.parametrize("subset", ["right", "right-0", "upper-3", "all-3", "right-6.0", ""])
def test_another_form_is_refused(subset: str) -> None:
    with pytest.raises(ValueError, match="'left-N', 'right-N', 'centre-N' or 'random-N' of them"):
        check_schedule(["all", subset])


def test_more_frames_than_there_are_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'right-9', but a view has 8 frames; .*\(--data.clips.n_frames"):
        frame_indices("right-9", 8, generators())


@pytest.mark.parametrize(
    ("subset", "fits"), [("all", True), ("left-8", True), ("random-9", False), ("centre-9", False)]
)
def test_whether_a_step_fits_is_known_before_frames_are(subset: str, fits: bool) -> None:
    if fits:
        check_subset_fits(subset, 8)
        return
    with pytest.raises(ValueError, match=f"'{subset}', but a view has 8 frames; .* --frames of `zsar classify`"):
        check_subset_fits(subset, 8)
