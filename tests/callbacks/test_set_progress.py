import re
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar
from lightning.pytorch.demos.boring_classes import BoringModel
from lightning.pytorch.loggers import CSVLogger

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


class _Results(Callback):
    """Prints a line where results are printed: at the end of each stage."""

    def __init__(self, screen: StringIO) -> None:
        self.screen = screen

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.screen.write("RESULTS")

    on_validation_end = on_predict_end = on_test_end


def run(path: Path, stage: str, *, is_terminal: bool = True, **settings: Any) -> str:
    """What a run writes to a terminal of 200 columns or to a file, without colours."""
    screen = StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TERM", "xterm")
        patch.setenv("FORCE_COLOR", "1") if is_terminal else patch.delenv("FORCE_COLOR", raising=False)
        _run(path, stage, screen, is_terminal, settings)
    return re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue())


def _run(path: Path, stage: str, screen: StringIO, is_terminal: bool, settings: dict[str, Any]) -> None:
    bar = SetProgressBar()
    bar._console_kwargs = {
        "file": screen,
        "force_terminal": is_terminal,
        "force_interactive": is_terminal,
        "width": 200,
    }
    callbacks: list[Callback] = [bar] if stage == "fit" else [bar, _Results(screen)]
    log = CSVLogger(path, version="a name")
    trainer = Trainer(
        accelerator="cpu",
        default_root_dir=path,
        logger=log,
        callbacks=callbacks,
        enable_model_summary=False,
        enable_checkpointing=False,
        **settings,
    )
    getattr(trainer, stage)(BoringModel())


@pytest.mark.parametrize(("stage", "limit"), [("test", "test"), ("validate", "val"), ("predict", "predict")])
def test_the_bar_is_removed_before_results_are_printed(tmp_path: Path, stage: str, limit: str) -> None:
    limits: dict[str, Any] = {f"limit_{limit}_batches": 2}
    before, after = run(tmp_path, stage, **limits).split("RESULTS")
    assert "2/2" in before
    assert before.endswith("\x1b[1A\x1b[2K")  # up one line, and erased
    assert after == ""


@pytest.mark.parametrize(("stage", "limits"), [("test", ["test"]), ("validate", ["val"]), ("fit", ["train", "val"])])
def test_nothing_of_the_bar_is_written_to_a_file_not_even_empty_lines(
    tmp_path: Path, stage: str, limits: list[str]
) -> None:
    settings: dict[str, Any] = {"max_epochs": 1, **{f"limit_{limit}_batches": 2 for limit in limits}}
    assert run(tmp_path, stage, is_terminal=False, **settings).replace("RESULTS", "") == ""


def test_epochs_are_counted_from_one_and_the_log_is_not_named(tmp_path: Path) -> None:
    said = run(tmp_path, "fit", max_epochs=2, limit_train_batches=2, limit_val_batches=1)
    assert set(re.findall(r"Epoch \S+", said)) == {"Epoch 1/2", "Epoch 2/2"}
    assert "v_num" not in said


def test_without_a_limit_of_epochs_none_is_named(tmp_path: Path) -> None:
    said = run(tmp_path, "fit", max_epochs=-1, max_steps=3, limit_train_batches=2, limit_val_batches=0)
    assert set(re.findall(r"Epoch \S+", said)) == {"Epoch 1", "Epoch 2"}
