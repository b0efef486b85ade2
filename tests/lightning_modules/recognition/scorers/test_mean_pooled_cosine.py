import math

import torch
from torch.nn import functional
from torch.testing import assert_close

from zsar.lightning_modules.recognition.scorers.mean_pooled_cosine import average_probabilities, mean_pooled_cosine


def test_hand_computed_example() -> None:
    frames = torch.tensor([[[[2.0, 0.0], [0.0, 2.0]]]])  # mean (1, 1), at 45 degrees to both classes
    classes = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]], [[-1.0, 0.0]]])
    scores = mean_pooled_cosine(frames, classes, torch.tensor(10.0))
    assert scores.shape == (1, 1, 1, 3)
    assert_close(scores.flatten(), 10 * torch.tensor([1.0, 1.0, -1.0]) / math.sqrt(2))


def test_frames_are_averaged_before_they_are_normalized() -> None:
    frames = torch.tensor([[[[9.0, 0.0], [0.0, 1.0]]]])
    scores = mean_pooled_cosine(frames, torch.eye(2)[:, None], torch.tensor(1.0))
    assert_close(scores.flatten(), functional.normalize(torch.tensor([9.0, 1.0]), dim=0))


def test_one_view_and_one_prompt_are_left_alone() -> None:
    scores = torch.randn(4, 1, 1, 5)
    assert_close(average_probabilities(scores), scores[:, 0, 0])


def test_probabilities_are_averaged_over_views_and_prompts() -> None:
    scores = torch.randn(4, 3, 2, 5)
    mean = scores.softmax(dim=-1).mean(dim=(1, 2))
    assert_close(average_probabilities(scores).exp(), mean)
    assert_close(average_probabilities(scores).softmax(dim=-1), mean)
