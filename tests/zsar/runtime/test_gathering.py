from typing import Any

import pytest
from lightning.pytorch import Trainer

from zsar.runtime.gathering import gather_from_all


def test_a_single_process_has_its_own_value() -> None:
    assert gather_from_all(["a"], Trainer(accelerator="cpu", devices=1, logger=False)) == [["a"]]


def test_several_processes_have_one_value_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exchange itself is tested with two processes in test_cli.py."""

    class TwoProcesses:
        world_size = 2

    def exchange(everyone: list[Any], value: object) -> None:
        assert len(everyone) == 2
        everyone[:] = [value, "other"]

    monkeypatch.setattr("torch.distributed.all_gather_object", exchange)
    assert gather_from_all("own", TwoProcesses()) == ["own", "other"]  # type: ignore[arg-type]
