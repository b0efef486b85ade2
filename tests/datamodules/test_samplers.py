import pytest
from torch.utils.data import DataLoader

from zsar.datamodules.samplers import EvaluationSampler, TrainingSampler

SEVEN = list("abcdefg")


def epoch(sampler: TrainingSampler, number: int) -> list[int]:
    sampler.set_epoch(number)
    pairs = list(sampler)
    assert {e for _, e in pairs} <= {number}
    return [index for index, _ in pairs]


def test_an_epoch_is_a_permutation_that_changes_with_epoch_and_seed() -> None:
    sampler = TrainingSampler(SEVEN, seed=0)
    first, second = epoch(sampler, 0), epoch(sampler, 1)
    assert sorted(first) == sorted(second) == list(range(7))
    assert first != second
    assert epoch(TrainingSampler(SEVEN, seed=1), 0) != first
    assert epoch(sampler, 0) == first


def test_processes_share_an_epoch_in_equal_parts() -> None:
    parts = [epoch(TrainingSampler(SEVEN, seed=0, n_processes=3, rank=r), 0) for r in range(3)]
    assert [len(part) for part in parts] == [3, 3, 3]
    assert set().union(*parts) == set(range(7))


@pytest.mark.parametrize("n_videos", range(1, 12))
@pytest.mark.parametrize("n_done", [0, 2])
def test_processes_have_batches_of_the_same_sizes_the_last_one_included(n_videos: int, n_done: int) -> None:
    for n_processes in (2, 3, 4):
        sizes = set()
        for rank in range(n_processes):
            sampler = TrainingSampler(range(n_videos), seed=0, done=(1, n_done), n_processes=n_processes, rank=rank)
            batches = DataLoader(list(sampler), batch_size=2, collate_fn=len)
            sizes.add(tuple(batches))
        assert len(sizes) == 1


def test_a_resumed_epoch_leaves_out_what_was_done_and_the_next_is_whole() -> None:
    whole = TrainingSampler(SEVEN, seed=0)
    resumed = TrainingSampler(SEVEN, seed=0, done=(4, 3))
    assert epoch(resumed, 4) == epoch(whole, 4)[3:]
    assert epoch(resumed, 5) == epoch(whole, 5)


@pytest.mark.parametrize("n_processes", [1, 2, 3, 7])
def test_evaluation_sees_each_video_once(n_processes: int) -> None:
    samplers = [EvaluationSampler(SEVEN, n_processes=n_processes, rank=r) for r in range(n_processes)]
    assert sorted(i for sampler in samplers for i in sampler) == list(range(7))
    assert [len(s) for s in samplers] == [len(list(s)) for s in samplers]


def test_more_processes_than_videos_are_refused() -> None:
    with pytest.raises(ValueError, match="7 videos cannot be shared out among 8 processes; use at most 7"):
        EvaluationSampler(SEVEN, n_processes=8)
