"""Probabilities of several videos, and of each."""

import torch

from zsar.lightning_modules.recognition.class_probabilities import ClassProbabilities


def test_probabilities_are_those_of_each_video() -> None:
    relative, own = torch.rand(3, 4), torch.rand(3, 4)
    videos = list(ClassProbabilities(relative, own).cpu())
    assert [torch.equal(video.relative, relative[i]) for i, video in enumerate(videos)] == [True] * 3
    assert [video.own is not None and torch.equal(video.own, own[i]) for i, video in enumerate(videos)] == [True] * 3
    assert [video.own for video in ClassProbabilities(relative)] == [None] * 3
