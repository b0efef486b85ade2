import math

import pytest
import torch

from zsar.callbacks.confidence_memory.kept_views import joined, observe_for_dmn, observe_for_tda

ONE, F64 = torch.ones(1), torch.float64


def test_a_single_view_is_kept_as_it_is_by_hand() -> None:
    """With p = (3/4, 1/4): H = ln 4 - 3/4 ln 3."""
    embeddings, logits = torch.tensor([[[0.6, 0.8]]], dtype=F64), torch.tensor([[[math.log(3), 0.0]]], dtype=F64)
    seen = observe_for_tda(embeddings, logits, ONE, 0.1)
    torch.testing.assert_close(seen.embeddings, embeddings[:, 0])
    torch.testing.assert_close(seen.logits, logits[:, 0])
    torch.testing.assert_close(seen.probabilities, torch.tensor([[0.75, 0.25]], dtype=F64))
    assert (seen.labels.tolist(), len(seen)) == ([0], 1)
    assert seen.entropies.tolist() == pytest.approx([math.log(4) - 0.75 * math.log(3)], abs=1e-12)


def test_of_four_views_the_surest_half_speak_by_hand() -> None:
    """Views 1 and 3 are sure, of different classes: the mean embedding is shorter than 1, the mean p uniform."""
    embeddings = torch.tensor([[[1.0, 0], [0, 1], [1, 0], [1, 0]]]).double()
    logits = torch.tensor([[[0.1, 0], [0, 4], [0, 0], [4.5, 0]]]).double()
    seen = observe_for_tda(embeddings, logits, torch.ones(4), 0.5)
    assert seen.embeddings.tolist() == [[0.5, 0.5]]
    assert seen.logits.tolist() == [[2.25, 2.0]]
    expected = (logits[0, 1].softmax(0) + logits[0, 3].softmax(0)) / 2
    torch.testing.assert_close(seen.probabilities[0], expected)
    assert seen.entropies.item() == pytest.approx(float(-(expected * expected.log()).sum()), abs=1e-12)
    first = observe_for_tda(embeddings, logits, torch.tensor([1.0, 0, 1, 0]), 0.5)  # the sure ones do not count
    torch.testing.assert_close(first.logits, logits[:, 0])


def test_of_a_memory_of_plain_views_the_others_decide_on_the_class_alone() -> None:
    plain, plain_logits = torch.tensor([[1.0, 0]], dtype=F64), torch.tensor([[0.1, 0]], dtype=F64)
    logits = torch.tensor([[[0.1, 0], [0, 4], [0, 3]]]).double()
    seen = observe_for_dmn(plain, plain_logits, logits, torch.ones(3), 0.4)
    assert (seen.embeddings.tolist(), seen.logits.tolist(), seen.labels.tolist()) == ([[1, 0]], [[0.1, 0]], [1])
    p = logits[0, 1].softmax(0)
    assert seen.entropies.item() == pytest.approx(float(-(p * (p + 1e-8).log()).sum()), abs=1e-12)


def test_certain_probabilities_have_an_entropy_of_0_and_batches_are_joined() -> None:
    seen = observe_for_tda(torch.ones(1, 1, 2), torch.tensor([[[2000.0, 0]]]), ONE, 1.0)
    assert seen.entropies.tolist() == [0]
    both = joined([seen, seen.cpu()])
    assert (len(both), both.select(slice(1, 2)).logits.tolist()) == (2, [[2000, 0]])
