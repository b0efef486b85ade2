from typing import Any

import pytest
from lightning.pytorch import Trainer

from zsar.lightning_modules.run_folders.dry_runs import LIMITS, batch_limits


@pytest.mark.parametrize("command", LIMITS)
def test_a_trainer_as_it_is_has_no_limits(command: str) -> None:
    trainer = Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
    names = ("fast_dev_run", "overfit_batches", *(name for of_command in LIMITS.values() for name in of_command))
    assert batch_limits({name: getattr(trainer, name) for name in names}, command) == {}
    assert batch_limits({"limit_train_batches": None, "limit_test_batches": 1.0}, command) == {}


@pytest.mark.parametrize(
    ("settings", "command", "limits"),
    [
        ({"limit_test_batches": 1}, "test", {"limit_test_batches": 1}),  # one batch; 1.0 is all
        ({"limit_test_batches": 0.5}, "test", {"limit_test_batches": 0.5}),
        ({"limit_train_batches": 1}, "test", {}),
        ({"limit_train_batches": 2, "limit_val_batches": 0}, "fit", {"limit_train_batches": 2, "limit_val_batches": 0}),
        ({"overfit_batches": 1, "limit_train_batches": 1}, "fit", {"overfit_batches": 1}),
        ({"overfit_batches": 0.1}, "validate", {"overfit_batches": 0.1}),
        ({"overfit_batches": 1}, "predict", {}),
        ({"fast_dev_run": True}, "predict", {"fast_dev_run": True}),
        ({"fast_dev_run": 0, "limit_predict_batches": 3}, "predict", {"limit_predict_batches": 3}),
    ],
)
def test_limits_of_what_a_command_reads_make_a_dry_run(
    settings: dict[str, Any], command: str, limits: dict[str, Any]
) -> None:
    assert batch_limits(settings, command) == limits
