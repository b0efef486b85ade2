from types import SimpleNamespace
from typing import Any

import pytest
from lightning.pytorch.callbacks import RichProgressBar

from zsar.callbacks.set_progress import SetProgressBar


@pytest.mark.parametrize(
    ("names", "place", "shown"),
    [
        (["clean", "fog_1", "fog_2"], 1, "Testing fog_1 (2 of 3)"),
        (["clean", "fog_1", "fog_2"], 0, "Testing clean (1 of 3)"),
        (["test"], 0, "Testing"),
    ],
)
def test_the_bar_says_which_of_several_sets_is_tested(
    monkeypatch: pytest.MonkeyPatch, names: list[str], place: int, shown: str
) -> None:
    described: list[str] = []
    begun = lambda bar, *_: described.append(bar.test_description)  # noqa: E731
    monkeypatch.setattr(RichProgressBar, "on_test_batch_start", begun)
    model: Any = SimpleNamespace(class_texts={"test": [SimpleNamespace(set_name=name) for name in names]})
    trainer: Any = None
    SetProgressBar().on_test_batch_start(trainer, model, None, 0, place)
    assert described == [shown]


def test_models_without_class_text_have_the_plain_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RichProgressBar, "on_test_batch_start", lambda *_: None)
    bar, nothing = SetProgressBar(), Any
    bar.on_test_batch_start(nothing, SimpleNamespace(), None, 0)  # type: ignore[arg-type]
    assert bar.test_description == "Testing"


@pytest.mark.parametrize(
    ("epoch", "most", "shown"),
    [(0, 2, "Epoch 1 of 2"), (1, 2, "Epoch 2 of 2"), (4, -1, "Epoch 5"), (4, None, "Epoch 5")],
)
def test_epochs_are_counted_from_1(monkeypatch: pytest.MonkeyPatch, epoch: int, most: int | None, shown: str) -> None:
    bar = SetProgressBar()
    monkeypatch.setattr(SetProgressBar, "trainer", SimpleNamespace(max_epochs=most))
    assert bar._get_train_description(epoch).rstrip() == shown


def test_the_version_of_the_log_is_no_metric(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RichProgressBar, "get_metrics", lambda *_: {"v_num": "fit", "val/top1": 0.5})
    nothing: Any = None
    assert SetProgressBar().get_metrics(nothing, nothing) == {"val/top1": 0.5}


@pytest.mark.parametrize("command", ["test", "validate", "predict"])
def test_the_bar_ends_before_tables_are_printed(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    ended: list[str] = []
    monkeypatch.setattr(RichProgressBar, "_stop_progress", lambda _: ended.append(command))
    bar, model = SetProgressBar(), Any
    hook = {"test": "on_test_epoch_end", "validate": "on_validation_epoch_end", "predict": "on_predict_epoch_end"}
    getattr(bar, hook[command])(SimpleNamespace(state=SimpleNamespace(fn=command)), model)
    assert ended == [command]


def test_the_bar_stays_after_a_validation_during_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RichProgressBar, "_stop_progress", lambda _: pytest.fail("training goes on"))
    trainer: Any = SimpleNamespace(state=SimpleNamespace(fn="fit"))
    model: Any = None
    SetProgressBar().on_validation_epoch_end(trainer, model)
