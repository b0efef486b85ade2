"""Which code runs."""

import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from zsar.runtime import code_version as module
from zsar.runtime.code_version import code_version


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    code_version.cache_clear()
    yield
    code_version.cache_clear()


def in_checkout(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "__file__", str(folder / "zsar" / "runtime" / "code_version.py"))


def test_of_a_checkout_it_is_the_commit_and_whether_files_differ_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def git(*arguments: str) -> str:
        who = ["-c", "user.name=a", "-c", "user.email=a@b"]
        done = subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    in_checkout(tmp_path, monkeypatch)
    (tmp_path / "file").write_text("a")
    git("init", "--quiet")
    git("add", "file")
    git("commit", "--quiet", "--message", "a")
    commit = git("rev-parse", "HEAD")[:12]
    assert code_version() == commit
    (tmp_path / "file").write_text("b")
    code_version.cache_clear()
    assert code_version() == f"{commit}-dirty"


def test_elsewhere_it_is_the_installed_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_checkout(tmp_path, monkeypatch)
    assert code_version() == f"zsar {version('zsar')}"


def test_a_machine_without_git_has_the_installed_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_git(*_: Any, **__: Any) -> None:
        raise FileNotFoundError("git")

    in_checkout(tmp_path, monkeypatch)
    (tmp_path / ".git").mkdir()
    monkeypatch.setattr(subprocess, "run", no_git)
    assert code_version() == f"zsar {version('zsar')}"
