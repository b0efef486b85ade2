import math

import torch
from torch.testing import assert_close

from zsar.lightning_modules.recognition.video_text_contrastive import all_classes_cross_entropy, in_batch_symmetric_kl


def test_cross_entropy_of_a_hand_computed_example() -> None:
    # softmax(0, log 3) = (1/4, 3/4)
    loss = all_classes_cross_entropy(torch.tensor([[0.0, math.log(3)]]), torch.tensor([0]))
    assert_close(loss, torch.tensor(math.log(4)))


def test_in_batch_kl_of_a_hand_computed_example() -> None:
    # Two videos of two classes, uniform scores: both directions compare (1/2, 1/2) with t = softmax(10, 0).
    t = 1 / (1 + math.exp(-10))
    expected = t * math.log(2 * t) + (1 - t) * math.log(2 * (1 - t))
    loss = in_batch_symmetric_kl(torch.zeros(2, 3), torch.tensor([0, 2]))
    assert_close(loss, torch.tensor(expected))


def test_in_batch_kl_equals_a_plain_loop() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(4, 6), torch.tensor([5, 1, 5, 0])
    total = 0.0
    for direction in ("video to text", "text to video"):
        for i in range(4):
            scores = [
                float(logits[i, labels[j]] if direction == "video to text" else logits[j, labels[i]]) for j in range(4)
            ]
            targets = [math.exp(10.0 * (labels[i] == labels[j])) for j in range(4)]
            log_norm = math.log(sum(map(math.exp, scores)))
            for score, target in zip(scores, targets, strict=True):
                share = target / sum(targets)
                total += share * (math.log(share) - (score - log_norm))
    assert_close(in_batch_symmetric_kl(logits, labels), torch.tensor(total / 4 / 2))


def test_classes_outside_the_batch_are_no_negatives_in_batch() -> None:
    torch.manual_seed(0)
    logits, labels = torch.randn(3, 6), torch.tensor([1, 2, 3])
    changed = logits.clone()
    changed[:, 5] += 10
    assert_close(in_batch_symmetric_kl(changed, labels), in_batch_symmetric_kl(logits, labels))
    assert all_classes_cross_entropy(changed, labels) > all_classes_cross_entropy(logits, labels)


def test_both_are_computed_in_fp32_under_autocast() -> None:
    logits, labels = torch.randn(3, 6).bfloat16(), torch.tensor([1, 2, 3])
    with torch.autocast("cpu", torch.bfloat16):
        losses = [all_classes_cross_entropy(logits, labels), in_batch_symmetric_kl(logits, labels)]
    assert [loss.dtype for loss in losses] == [torch.float32, torch.float32]
