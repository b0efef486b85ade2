"""Tests of `colour_changes`: changes pass between processes, and each kind can be made."""

import pickle
from typing import get_args

import torch

from zsar.datamodules.choices.colour_changes import ColourChange, ColourKind
from zsar.datamodules.views.colours import recoloured


def test_each_kind_can_be_made_of_what_another_process_drew() -> None:
    frames = torch.randint(256, (2, 3, 8, 8), dtype=torch.uint8)
    for kind in get_args(ColourKind):
        changes = (ColourChange(kind, 0.2),)
        changed = recoloured(frames, pickle.loads(pickle.dumps(changes)))
        assert changed.shape == frames.shape
        assert not torch.equal(changed, frames)
