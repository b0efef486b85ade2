from pathlib import Path

import pytest

from zsar.datamodules.choices.data_root import default_data_root


def test_the_data_root_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZSAR_DATA", "~/videos")
    assert default_data_root() == Path.home() / "videos"
    monkeypatch.delenv("ZSAR_DATA")
    assert default_data_root() == Path("data")
