from pathlib import Path

import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from zsar.lightning_modules.command_line.fit_and_test.end_of_fit import end_of_fit


def written(path: Path, epochs: float, most: int | None = 50, mean: dict[str, object] | None = None) -> str:
    record = {"trainer": {"epochs_done": epochs, "max_epochs": most}, "mean_of_epochs": mean}
    about = {"class_path": "zsar.lightning_modules.t2l.T2L", "init_args": {}, "training": record}
    torch.save({"zsar": about, "state_dict": {}}, path)
    return str(path)


def test_best_and_last_and_the_next_command_are_named(tmp_path: Path) -> None:
    callback = ModelCheckpoint(monitor="val/top1", mode="max")
    callback.best_model_path = written(tmp_path / "best.ckpt", 3)
    callback.best_model_score = torch.tensor(52.917)
    callback.last_model_path = written(tmp_path / "last.ckpt", 50.0)
    assert end_of_fit(callback, "zsar test").splitlines() == [
        f"best checkpoint: {tmp_path / 'best.ckpt'} (val/top1 52.92, after 3 of 50 epochs)",
        f"last checkpoint: {tmp_path / 'last.ckpt'} (after 50 of 50 epochs)",
        "next: zsar test",
    ]


def test_the_mean_of_epochs_which_tests_take_is_named_first(tmp_path: Path) -> None:
    callback = ModelCheckpoint(dirpath=tmp_path, monitor=None)
    callback.best_model_path = written(tmp_path / "last.ckpt", 22.0, 22)
    mean = written(tmp_path / "weight_mean.ckpt", 22, 22, {"first_epoch": 2, "last_epoch": 22, "weighting": "uniform"})
    first, *_ = end_of_fit(callback, "zsar test").splitlines()
    assert first == f"mean of weights: {mean} (epochs 2 to 22, uniform)"


def test_without_a_monitor_the_checkpoint_is_the_last(tmp_path: Path) -> None:
    callback = ModelCheckpoint(monitor=None)
    callback.best_model_path = written(tmp_path / "last.ckpt", 1.5, None)
    assert end_of_fit(callback, "zsar test").splitlines() == [
        f"last checkpoint: {tmp_path / 'last.ckpt'} (after 1.5 epochs)",
        "next: zsar test",
    ]


def test_one_epoch_is_one(tmp_path: Path) -> None:
    callback = ModelCheckpoint(monitor=None)
    for most, said in ((1, "after 1 of 1 epoch"), (2, "after 1 of 2 epochs"), (None, "after 1 epoch")):
        callback.best_model_path = written(tmp_path / "last.ckpt", 1, most)
        assert f"({said})" in end_of_fit(callback, "zsar test")


def test_where_no_checkpoint_was_written_nothing_is_said() -> None:
    assert end_of_fit(ModelCheckpoint(), "zsar test") == ""
