import math
import random
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from tests.makers.videos.memory_videos import N_CLASSES, SCALE, made_classes, made_views
from tests.reference import tda as reference
from zsar.callbacks.confidence_memory.dynamic_memory import DMNSettings, DynamicMemory
from zsar.callbacks.confidence_memory.kept_views import Observations, observe_for_dmn

SETTINGS = DMNSettings(capacity=4, beta=5.5, weight=0.3, confident_share=0.1)


def observed(views: Tensor) -> Observations:
    logits = SCALE * views @ made_classes().T
    return observe_for_dmn(views[:, 0], logits[:, 0], logits, torch.ones(views.shape[1]), 0.1)


def filled(videos: Observations, rows: list[int], settings: DMNSettings = SETTINGS) -> DynamicMemory:
    memory = DynamicMemory(settings, made_classes(), torch.tensor(SCALE))
    for row in rows:
        memory.insert(videos, row, identity=f"{row:03d}")
    return memory


def test_by_hand_a_video_turns_its_class_towards_it() -> None:
    """Class 0 has the text (1, 0) and a video (0, 1): for f = (0, 1) the keys weigh exp(-5.5) and 1."""
    classes = torch.eye(2).double()
    z = torch.tensor([[3.0, 0.0], [0.0, 1.0]]).double()
    videos = Observations(torch.tensor([[0.0, 1], [0, 1]]).double(), z, z.softmax(1), z.argmax(1), torch.zeros(2))
    memory = DynamicMemory(replace(SETTINGS, weight=1.0), classes, torch.tensor(2.0))
    memory.insert(videos, 0, identity="a")
    a = math.exp(-5.5)
    g = torch.tensor([2 / math.hypot(1, a), 2.0], dtype=torch.float64)  # s f g; class 1 has its text alone
    expected = (torch.stack([z[1].softmax(0), g.softmax(0)]).mean(0)).log()
    torch.testing.assert_close(memory.score(videos)[1], expected)
    assert memory.counts() == {"dynamic": [1, 0]}


@pytest.mark.parametrize("n_views", [1, 32])
def test_a_stream_is_that_of_the_restatement(n_views: int) -> None:
    views = made_views(50, n_views=n_views)
    videos = observed(views)
    memory = filled(videos, [])
    plain = reference.DMN(made_classes().numpy(), scale=SCALE, slots=4, beta=5.5, weight=0.3)
    for row in range(50):
        memory.insert(videos, row, identity=str(row))
        plain.insert(views[row].numpy(), 0.1)
        score = 1.3 * memory.score(videos.select(slice(row, row + 1)))[0].exp()
        torch.testing.assert_close(score, torch.from_numpy(plain.score(views[row, 0].numpy())), atol=1e-12, rtol=0)
    assert memory.counts()["dynamic"] == [len(plain.items.get(c, [])) for c in range(N_CLASSES)]
    assert max(memory.counts()["dynamic"]) == 4  # some were replaced


def test_the_content_at_the_end_depends_on_no_order_and_on_no_division() -> None:
    videos = observed(made_views(50))
    rows = list(range(50))
    expected = filled(videos, rows).score(videos)
    random.Random(0).shuffle(rows)
    merged = filled(videos, rows[:20])
    merged.merge(filled(videos, rows[15:]))
    torch.testing.assert_close(merged.score(videos), expected, atol=1e-13, rtol=0)


def test_an_empty_memory_is_the_text_and_without_weight_nothing_changes() -> None:
    videos = observed(made_views(20))
    untuned = videos.logits.log_softmax(1)
    torch.testing.assert_close(filled(videos, []).score(videos), untuned)
    none = filled(videos, list(range(20)), replace(SETTINGS, weight=0.0))
    torch.testing.assert_close(none.score(videos), untuned)
    room = filled(videos, list(range(20)), replace(SETTINGS, capacity=0))
    torch.testing.assert_close(room.score(videos), untuned)
