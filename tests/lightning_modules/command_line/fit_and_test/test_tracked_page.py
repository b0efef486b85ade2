from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests.makers.command_line.runs_on_disk import config_of, write_results
from zsar.lightning_modules.command_line.fit_and_test.tracked_page import write_tracked_page


def test_the_page_is_that_of_zsar_report(tmp_path: Path) -> None:
    pytest.importorskip("jinja2")
    write_results(tmp_path / "run", "test", weights=None, config=config_of(tmp_path / "run"))
    assert write_tracked_page(tmp_path / "run", tmp_path / "page.html") is None
    assert (tmp_path / "page.html").read_text().startswith("<!DOCTYPE html>")
    assert [path.name for path in (tmp_path / "run").iterdir() if path.suffix == ".html"] == []


def test_what_is_not_installed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert write_tracked_page(tmp_path, tmp_path / "page.html") == (
        "its package is not installed (pip install 'zsar[report]')"
    )
    assert list(tmp_path.iterdir()) == []
