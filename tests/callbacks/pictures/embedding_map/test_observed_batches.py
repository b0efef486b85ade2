"""Observed models predict as before, and get their own adaptation back."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.demos.boring_classes import BoringModel

from tests.makers.results.map_runs import draw, small_data, tiny_model, tuning
from zsar.callbacks.pictures.embedding_map.observed_batches import (
    ObservedBatches,
    ObservingCallback,
    end_observation,
    observe,
)
from zsar.datamodules.batch import ClassText, VideoBatch


class Counted(ObservingCallback):
    """Counts what it sees; may fail."""

    def __init__(self, *, fails: bool = False) -> None:
        self.n = 0
        self.classes: list[int] = []
        self.fails = fails

    def see(self, batch: VideoBatch, text: ClassText, observed: ObservedBatches) -> None:
        assert not self.fails, "on purpose"
        embedded = observed.embedded
        assert len(embedded.frames) == len(batch)
        self.classes.append(embedded.class_texts[0].ndim)
        self.n += len(batch)


def test_callbacks_share_an_observer_and_the_model_gets_its_own_adaptation_back() -> None:
    model = tiny_model()
    own: Any = object()
    model.adaptation = own
    assert observe(model) is observe(model)
    assert observe(model).adaptation is own
    end_observation(model)
    end_observation(model)
    assert model.adaptation is own


@pytest.mark.parametrize("n_further_views", [0, 2])
def test_two_callbacks_see_each_batch_and_predictions_do_not_change(
    tmp_path: Path, video_tree: Path, n_further_views: int
) -> None:
    adapts = [tuning()] if n_further_views else []
    first, second, model = Counted(), Counted(), tiny_model()
    module = small_data(video_tree, n_further_views=n_further_views)
    seen = draw(tmp_path, module, first, *adapts, second, model=model)
    assert model.adaptation is None
    n_videos = len(module.sets["test"])
    assert (first.n, second.n) == (n_videos, n_videos)
    assert set(first.classes) == {4 if n_further_views else 3}  # tuned class embeddings are those of each video
    assert seen == draw(tmp_path, module, *adapts, model=model)


def test_after_an_error_the_model_is_no_longer_observed(tmp_path: Path, video_tree: Path) -> None:
    model = tiny_model()
    with pytest.raises(AssertionError, match="on purpose"):
        draw(tmp_path, small_data(video_tree), Counted(fails=True), Counted(), model=model)
    assert model.adaptation is None


def test_another_kind_of_model_is_an_error(tmp_path: Path) -> None:
    trainer = Trainer(accelerator="cpu", logger=False, default_root_dir=tmp_path, callbacks=[Counted()])
    with pytest.raises(ValueError, match="Counted needs an ActionRecognizer, .*, not a BoringModel; leave"):
        trainer.test(BoringModel())


def test_what_is_embedded_is_what_the_model_embeds(tmp_path: Path, video_tree: Path) -> None:
    model = tiny_model()
    frames = torch.randint(0, 256, (1, 2, 4, 3, 32, 32), dtype=torch.uint8)
    batch = VideoBatch(frames, torch.tensor([0]), torch.tensor([0]), torch.tensor([False]))
    text = ClassText("test", ("run", "swim"), (("run",), ("swim",)), "test")
    observer = ObservedBatches(model)
    with torch.no_grad():
        torch.testing.assert_close(observer.adapt(batch, text).frames, model.embed(batch, text).frames)
    assert observer.embedded.frames.shape[:3] == (1, 2, 4)
