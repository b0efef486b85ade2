from typing import Any

import torch
from torch import Tensor

from zsar.datamodules.batch import ClassText
from zsar.datamodules.data_sets import UCF101
from zsar.datamodules.samples import CutViews, Sample
from zsar.lightning_modules.command_line.profile.measuring.profiled_data import ProfiledData, repeated_sample


def sample(views: CutViews | None = None) -> Sample:
    return Sample(torch.zeros(1, 2, 3, 4, 4, dtype=torch.uint8), 9, 5, views=views)


def text(name: str) -> ClassText:
    return ClassText(name, ("a", "b"), (("a",), ("b",)), "names")


def test_a_batch_of_copies_has_a_class_each() -> None:
    batch = repeated_sample(sample(), 5, 3)
    assert batch.frames.shape == (5, 1, 2, 3, 4, 4)
    assert batch.labels.tolist() == [0, 1, 2, 0, 1]
    assert batch.indices.tolist() == [0, 1, 2, 3, 4]
    assert batch.views is None


def test_copies_draw_their_own_random_numbers() -> None:
    cut = CutViews(torch.zeros(2, 2, 3, 4, 4, dtype=torch.uint8), torch.ones(3), seed=7, seconds=1.0)
    views = repeated_sample(sample(cut), 3, 2).views
    assert views is not None
    assert views.seeds.tolist() == [0, 1, 2]
    assert views.frames.shape == (3, 2, 2, 3, 4, 4)


def test_loaders_give_the_batch_again_and_again_with_the_text_of_the_stage() -> None:
    batch = repeated_sample(sample(), 2, 2)
    data = ProfiledData(UCF101(), batch, {"fit": text("train"), "test": text("test")}, n_batches=3)
    loaded: list[Any] = list(data.train_dataloader())
    assert [one.frames.shape for one in loaded] == [batch.frames.shape] * 3
    assert len(list(data.test_dataloader())) == 3
    assert data.val_dataloader() == []
    assert [data.class_text(stage)[0].set_name for stage in ("fit", "validate", "test")] == ["train", "train", "test"]
    frames: Tensor = data.on_after_batch_transfer(batch, 0).frames
    assert frames is batch.frames
