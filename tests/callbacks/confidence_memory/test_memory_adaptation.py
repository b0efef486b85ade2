"""MemoryAdaptation on a tiny model, with batches by hand: what it looks up, and for whom it embeds again."""

import hashlib
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.makers.models.tested_models import model_of
from tests.reference import tda as reference
from zsar.callbacks.confidence_memory.memory_adaptation import MemoryAdaptation
from zsar.callbacks.confidence_memory.memory_rule import memory_settings
from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer

NAMES = ("red", "green", "blue", "white")
TEXT = ClassText("test", NAMES, tuple((f"a video of {name}",) for name in NAMES), "names")
N = 12
FRAMES = torch.randn(N, 1, 4, 64, generator=torch.Generator().manual_seed(0)) + 1


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> ActionRecognizer:
    """Its scale is low, so that predictions differ in entropy; videos are FRAMES."""
    model = model_of()
    model.backbone.clip.logit_scale.data.fill_(3.0)
    monkeypatch.setattr(model, "frame_embeddings", lambda batch: FRAMES[batch.indices])
    return model


def batch(*indices: int, failed: tuple[int, ...] = ()) -> VideoBatch:
    frames = torch.zeros(len(indices), 1, 4, 3, 0, 0, dtype=torch.uint8)
    is_failed = torch.tensor([index in failed for index in indices])
    return VideoBatch(frames, torch.tensor([index % 4 for index in indices]), torch.tensor(indices), is_failed)


def logits_of(
    model: ActionRecognizer, parts: list[list[int]], *, order: Any = "two_pass", failed: tuple[int, ...] = ()
) -> Tensor:
    """Logits of all N videos, in their order."""
    adaptation = MemoryAdaptation(model, [TEXT], settings=memory_settings("TDA"), order=order)
    model.adaptation = adaptation
    for part in parts:
        adaptation.observe(batch(*part, failed=failed), TEXT, [f"video {index}" for index in part], precision="32-true")
    adaptation.finish(TEXT, [adaptation.memory(TEXT)])
    embedded = adaptation.adapt(batch(*range(N)), TEXT)
    assert embedded.frames.shape == (N, 1, 1, 64)
    return model.score_embedded(embedded)


def plain_stream(model: ActionRecognizer, order: list[int]) -> tuple[reference.TDA, dict[int, Tensor]]:
    """Caches after all videos, and the logits of each in the stream."""
    classes = model.class_embeddings.cached(TEXT.prompts, model.device)[:, 0].double().numpy()
    scale = float(model.backbone.logit_scale)
    caches = reference.TDA(4, positive=(3, 2.0, 5.0), negative=(2, 0.117, 1.0))
    logits = {}
    for index in order:
        unit = functional.normalize(FRAMES[index, 0].double().mean(0), dim=0).numpy()
        f, z, p, h = reference.tda_views(unit[None], classes, scale, 0.1)
        caches.insert(f, z, p, h)
        logits[index] = torch.from_numpy(caches.score(f, z)).float()
    return caches, logits


def test_two_passes_are_those_of_the_restatement_whatever_the_batches(model: ActionRecognizer) -> None:
    caches, _ = plain_stream(model, list(range(N)))
    scores = []
    for index in range(N):
        unit = functional.normalize(FRAMES[index, 0].double().mean(0), dim=0)
        z = model.score(FRAMES[index : index + 1], model.class_embeddings.cached(TEXT.prompts, model.device))[0]
        scores.append(torch.from_numpy(caches.score(unit.numpy(), z.double().numpy())).float())
    expected = torch.stack(scores)
    for parts in ([list(range(N))], [[index] for index in reversed(range(N))], [[3, 1, 2], [0, *range(4, N)]]):
        torch.testing.assert_close(logits_of(model, parts), expected, atol=1e-4, rtol=0)


def test_a_stream_has_the_order_of_the_hashes_of_the_ids(model: ActionRecognizer) -> None:
    order = sorted(range(N), key=lambda index: hashlib.sha256(f"video {index}".encode()).hexdigest())
    assert order != list(range(N))
    _, logits = plain_stream(model, order)
    expected = torch.stack([logits[index] for index in range(N)])
    found = logits_of(model, [list(range(5)), list(range(5, N))], order="stream")
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=0)
    assert (found - logits_of(model, [list(range(N))])).abs().max() > 0.1


def test_a_video_that_is_repeated_counts_once_and_one_that_failed_not_at_all(model: ActionRecognizer) -> None:
    once = logits_of(model, [list(range(N))])
    torch.testing.assert_close(logits_of(model, [list(range(N)), [0, 5, 5]]), once, atol=1e-5, rtol=0)
    without = logits_of(model, [list(range(N))], failed=(4,))
    assert not torch.equal(without[5], once[5])
    untuned = model.score(FRAMES, model.class_embeddings.cached(TEXT.prompts, model.device))
    torch.testing.assert_close(without[4], untuned[4])


def test_frames_are_embedded_again_for_those_who_look(model: ActionRecognizer) -> None:
    logits_of(model, [list(range(N))])
    adaptation = model.adaptation
    assert isinstance(adaptation, MemoryAdaptation)
    torch.testing.assert_close(adaptation.adapt(batch(3), TEXT).frames, FRAMES[[3]].mean(dim=2, keepdim=True))
    model.adaptation = None  # as an observer takes its place
    torch.testing.assert_close(adaptation.adapt(batch(3), TEXT).frames, FRAMES[[3]])


def test_effects_are_counted_without_failed_videos(model: ActionRecognizer) -> None:
    logits = logits_of(model, [list(range(N))], failed=(4,))
    adaptation = model.adaptation
    assert isinstance(adaptation, MemoryAdaptation)
    totals = adaptation.count(batch(*range(N), failed=(4,)), logits, TEXT)
    decoded = torch.tensor([index for index in range(N) if index != 4])
    untuned = model.score(FRAMES, model.class_embeddings.cached(TEXT.prompts, model.device))
    assert totals.n == 11
    assert (
        totals.right_before == totals.right_by_views == int((untuned.argmax(1) == torch.arange(N) % 4)[decoded].sum())
    )
    assert totals.right_after == int((logits.argmax(1) == torch.arange(N) % 4)[decoded].sum())
    assert min(totals.encoding_seconds, totals.tuning_seconds) > 0
