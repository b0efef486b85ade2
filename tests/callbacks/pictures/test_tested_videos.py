from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.demos.boring_classes import BoringModel

from zsar.callbacks.pictures import tested_videos
from zsar.callbacks.pictures.tested_videos import TestedVideos
from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.lightning_modules.clip.clip import ZeroShotCLIP
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings

TEXT = ClassText("novel", ("run", "swim"), (("run",), ("swim",)), "names")
OTHER = ClassText("base", ("fly", "dive"), (("fly",), ("dive",)), "names")


def model() -> ZeroShotCLIP:
    built = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", "random"))
    built.class_texts["test"] = [OTHER, TEXT]
    return built


def batch(rows: list[int], labels: list[int], failed: list[bool]) -> VideoBatch:
    frames = torch.zeros(len(rows), 1, 1, 3, 2, 2, dtype=torch.uint8)
    return VideoBatch(frames, torch.tensor(labels), torch.tensor(rows), torch.tensor(failed))


def outputs(*probabilities: float) -> dict[str, Any]:
    first = torch.tensor(probabilities)
    return {"probabilities": torch.stack([first, 1 - first], dim=1)}


def test_predictions_are_in_the_order_of_the_set_whatever_the_order_of_batches() -> None:
    tested, trainer = TestedVideos(), Trainer(accelerator="cpu", logger=False)
    tested.start(model(), needed_by="Test")
    tested.add(batch([3, 0], [1, 0], [False, False]), outputs(0.1, 0.4), 1)
    tested.add(batch([2], [0], [True]), outputs(0.75), 1)
    found = tested.gathered(trainer)
    assert list(found) == ["base", "novel"]
    novel = found["novel"]
    assert (novel.set_name, novel.dataloader_idx) == ("novel", 1)
    assert novel.rows.tolist() == [0, 2, 3]
    assert novel.labels.tolist() == [0, 0, 1]
    assert novel.predictions.tolist() == [1, 0, 1]
    torch.testing.assert_close(novel.confidences, torch.tensor([0.6, 0.75, 0.9]))
    assert novel.correct.tolist() == [False, False, True]  # the second could not be decoded
    assert novel.decoded.tolist() == [0, 2]


def test_a_set_that_a_limited_test_did_not_reach_is_empty() -> None:
    tested = TestedVideos()
    tested.start(model(), needed_by="Test")
    found = tested.gathered(Trainer(accelerator="cpu", logger=False))
    assert found["base"].probabilities.shape == (0, 2)
    assert found["base"].rows.dtype == torch.int64


def test_predictions_of_all_processes_are_merged(monkeypatch: pytest.MonkeyPatch) -> None:
    other = TestedVideos()
    other.start(model(), needed_by="Test")
    other.add(batch([1], [1], [False]), outputs(0.2), 0)
    monkeypatch.setattr(tested_videos, "gather_from_all", lambda value, trainer: [value, other._batches])
    tested = TestedVideos()
    tested.start(model(), needed_by="Test")
    tested.add(batch([2, 0], [1, 0], [False, False]), outputs(0.1, 0.4), 0)
    found = tested.gathered(Trainer(accelerator="cpu", logger=False))
    assert found["base"].rows.tolist() == [0, 1, 2]
    assert len(found["novel"].rows) == 0


def test_a_new_test_starts_empty() -> None:
    tested = TestedVideos()
    for _ in range(2):
        tested.start(model(), needed_by="Test")
        tested.add(batch([0], [1], [False]), outputs(0.2), 0)
    assert len(tested.gathered(Trainer(accelerator="cpu", logger=False))["base"].rows) == 1


def test_another_kind_of_model_is_refused() -> None:
    with pytest.raises(ValueError, match="Mistakes needs an ActionRecognizer, .*, not a BoringModel"):
        TestedVideos().start(BoringModel(), needed_by="Mistakes")


def test_own_probabilities_are_those_of_the_most_probable_class() -> None:
    tested, trainer = TestedVideos(), Trainer(accelerator="cpu", logger=False)
    tested.start(model(), needed_by="Test")
    for rows, own in (([2, 0], [[0.3, 0.2], [0.1, 0.4]]), ([1], [[0.5, 0.6]])):
        given = {**outputs(*[0.9, 0.4][: len(rows)]), "own_probabilities": torch.tensor(own)}
        tested.add(batch(rows, [0] * len(rows), [False] * len(rows)), given, 0)
    found = tested.gathered(trainer)
    torch.testing.assert_close(found["base"].own_confidences, torch.tensor([0.4, 0.5, 0.3]))
    assert found["novel"].own_confidences is None
