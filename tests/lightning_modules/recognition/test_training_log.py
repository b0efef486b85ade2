import warnings
from typing import Any

import pytest
import torch
from lightning.pytorch import LightningModule

from zsar.datamodules.batch import VideoBatch
from zsar.lightning_modules.recognition.training_log import TrainingLog
from zsar.lightning_modules.training.finite_numbers import NotFiniteError


class Logged(LightningModule):
    """Keeps what is logged."""

    global_step = 7  # type: ignore[assignment]
    current_epoch = 2  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, tuple[float, dict[str, Any]]] = {}

    @property
    def trainer(self) -> Any:
        class Precision:
            precision = "32-true"

        return Precision()

    def log(self, name: str, value: Any, **how: Any) -> None:
        self.values[name] = (float(value), how)


def batch(undecodable: tuple[str, ...] = (), n_damaged: int = 0) -> VideoBatch:
    frames, rows = torch.zeros(2, 1, 1, 3, 8, 8, dtype=torch.uint8), torch.arange(2)
    failed = torch.zeros(2, dtype=torch.bool)
    return VideoBatch(frames, rows, rows, failed, undecodable=undecodable, n_damaged=n_damaged)


def test_losses_have_the_mean_of_an_epoch_and_their_value_in_a_step() -> None:
    model = Logged()
    TrainingLog().log_losses(model, {"loss": torch.tensor(2.0), "top1": torch.tensor(50.0)}, 2)
    assert {name: value for name, (value, _) in model.values.items()} == {
        "train/loss": 2.0,
        "train/loss_step": 2.0,
        "train/top1": 50.0,
        "train/top1_step": 50.0,
    }
    assert model.values["train/loss"][1]["on_epoch"] is True


def test_a_loss_that_is_not_finite_is_an_error_with_step_and_epoch() -> None:
    with pytest.raises(NotFiniteError, match="7"):
        TrainingLog().log_losses(Logged(), {"loss": torch.tensor(torch.nan)}, 2)


def test_each_clip_that_was_replaced_is_said_once_and_counted_each_time() -> None:
    model, log = Logged(), TrainingLog()
    said = []
    for of_batch in (batch(("a.mp4: broken",), n_damaged=3), batch(("a.mp4: broken", "b.mp4: broken"), n_damaged=1)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            log.log_substitutes(model, of_batch)
        said.append(sorted(str(warning.message) for warning in caught))
        assert model.values["train/substituted_videos"][0] == len(of_batch.undecodable)
        assert model.values["train/damaged_frames"][0] == of_batch.n_damaged
    assert [len(lines) for lines in said] == [2, 1]
    assert said[0][0].startswith("damaged frames are accepted in training")
    assert said[1] == ["replaced by another clip in training: b.mp4: broken"]
