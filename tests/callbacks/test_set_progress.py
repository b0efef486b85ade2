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
