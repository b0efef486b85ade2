import torch

from zsar.datamodules.samples import CutViews, Sample, collate


def sample(index: int, *, views: CutViews | None = None, **more: object) -> Sample:
    frames = torch.full((1, 2, 3, 4, 4), index, dtype=torch.uint8)
    return Sample(frames, label=index % 2, index=index, views=views, **more)  # type: ignore[arg-type]


def test_a_batch_has_its_samples_in_order_and_the_sums_of_what_went_wrong() -> None:
    broken = sample(6, failed=True, undecodable=("a.mp4: broken", "b.mp4: broken"), n_damaged=1)
    batch = collate([sample(5, n_damaged=2), broken])
    assert batch.frames.shape == (2, 1, 2, 3, 4, 4)
    assert batch.frames[:, 0, 0, 0, 0, 0].tolist() == [5, 6]
    assert (batch.labels.tolist(), batch.indices.tolist(), batch.failed.tolist()) == ([1, 0], [5, 6], [False, True])
    assert batch.undecodable == ("a.mp4: broken", "b.mp4: broken")
    assert batch.n_damaged == 3
    assert batch.views is None


def test_views_of_all_samples_are_stacked_and_their_weights_are_those_of_any() -> None:
    frames = torch.zeros(3, 2, 3, 4, 4, dtype=torch.uint8)
    cut = [CutViews(frames, torch.ones(4), seed=i, seconds=i / 2) for i in (1, 2)]
    views = collate([sample(i, views=of_sample) for i, of_sample in enumerate(cut)]).views
    assert views is not None
    assert views.frames.shape == (2, 3, 2, 3, 4, 4)
    assert (views.seeds.tolist(), views.seconds.tolist()) == ([1, 2], [0.5, 1.0])
    assert views.weights.shape == (4,)
