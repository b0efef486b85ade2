import math
import random
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from tests.makers.videos.memory_videos import N_CLASSES, SCALE, made_classes, made_views
from tests.reference import tda as reference
from zsar.callbacks.confidence_memory.kept_views import Observations, observe_for_tda
from zsar.callbacks.confidence_memory.memory_rule import memory_settings
from zsar.callbacks.confidence_memory.tda_caches import TDACaches, TDASettings

SETTINGS = memory_settings("TDA")
assert isinstance(SETTINGS, TDASettings)


def observed(views: Tensor, share: float = 0.1) -> Observations:
    logits = SCALE * views @ made_classes().T
    return observe_for_tda(views, logits, torch.ones(views.shape[1]), share)


def filled(videos: Observations, rows: list[int], settings: TDASettings = SETTINGS) -> TDACaches:  # type: ignore[assignment]
    caches = TDACaches(settings, N_CLASSES)
    for row in rows:
        caches.insert(videos, row, identity=f"{row:03d}")
    return caches


def test_by_hand_one_sure_and_one_unsure_video() -> None:
    """As h = H / log2(2): the first, H = 0.08, is positive alone; the second, p = (0.1, 0.9), H = 0.325, is both."""
    sure, unsure = [math.log(63), 0.0], [0.0, math.log(9)]
    z = torch.tensor([sure, unsure], dtype=torch.float64)
    p = z.softmax(1)
    entropies = -(p * p.log()).sum(1)
    videos = Observations(torch.eye(2).double(), z, p, z.argmax(1), entropies)
    caches = TDACaches(SETTINGS, 2)  # type: ignore[arg-type]
    for row in range(2):
        caches.insert(videos, row, identity=str(row))
    assert caches.counts() == {"positive": [1, 1], "negative": [0, 1]}
    far, further = 2 * math.exp(-5), 0.117 * math.exp(-1)
    expected = [[sure[0] + 2 - further, far - further], [far - 0.117, unsure[1] + 2 - 0.117]]
    torch.testing.assert_close(caches.score(videos), torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize("n_views", [1, 20])
def test_a_stream_is_that_of_the_restatement(n_views: int) -> None:
    views = made_views(60, n_views=n_views)
    videos = observed(views)
    caches = TDACaches(SETTINGS, N_CLASSES)  # type: ignore[arg-type]
    plain = reference.TDA(N_CLASSES, positive=(3, 2.0, 5.0), negative=(2, 0.117, 1.0))
    for row in range(len(videos)):
        f, z, p, h = reference.tda_views(views[row].numpy(), made_classes().numpy(), SCALE, 0.1)
        caches.insert(videos, row, identity=str(row))
        plain.insert(f, z, p, h)
        score = caches.score(videos.select(slice(row, row + 1)))[0]
        torch.testing.assert_close(score, torch.from_numpy(plain.score(f, z)), atol=1e-12, rtol=0)
    sizes = {"positive": plain.of_positive, "negative": plain.of_negative}
    assert caches.counts() == {n: [len(of.get(c, [])) for c in range(N_CLASSES)] for n, of in sizes.items()}
    assert min(map(sum, caches.counts().values())) > 1  # both caches are used


def test_the_content_at_the_end_depends_on_no_order_and_on_no_division() -> None:
    videos = observed(made_views(60))
    rows = list(range(60))
    expected = filled(videos, rows).score(videos)
    random.Random(0).shuffle(rows)
    torch.testing.assert_close(filled(videos, rows).score(videos), expected, atol=1e-13, rtol=0)
    merged = filled(videos, rows[:7])
    for part in (rows[7:30], rows[20:]):  # ten videos in two processes count once
        merged.merge(filled(videos, part))
    torch.testing.assert_close(merged.score(videos), expected, atol=1e-13, rtol=0)


def test_without_weight_or_room_nothing_changes_and_a_class_never_predicted_gains_nothing() -> None:
    videos = observed(made_views(40))
    rows = [row for row in range(40) if videos.labels[row] != 2]
    for nothing in (
        replace(SETTINGS, alpha=0.0, negative_alpha=0.0),  # type: ignore[type-var]
        replace(SETTINGS, capacity=0, negative_capacity=0),  # type: ignore[type-var]
    ):
        assert torch.equal(filled(videos, rows, nothing).score(videos), videos.logits)
    positive = replace(SETTINGS, negative_capacity=0)  # type: ignore[type-var]
    changed = filled(videos, rows, positive).score(videos) - videos.logits
    assert torch.equal(changed[:, 2], torch.zeros(40).double())
    assert (changed[:, [0, 1, 3, 4]] > 0).all()


def test_the_memory_is_bounded_and_holds_no_more_than_its_videos() -> None:
    videos = observed(made_views(60))
    caches = filled(videos, list(range(60)))
    assert max(caches.counts()["positive"]) == 3
    assert max(caches.counts()["negative"]) <= 2
    for _, known in caches._positive:
        assert known.item.untyped_storage().nbytes() == known.item.nbytes
