from __future__ import annotations

import io
from pathlib import Path

import pytest

from zsar.lightning_modules.command_line.batch.command_lists import read_commands, zsar_command


def test_a_command_is_words_as_in_the_shell() -> None:
    assert zsar_command('zsar test --run_dir "a b" # a comment') == ("zsar", "test", "--run_dir", "a b")
    assert zsar_command("# a comment") == ()


@pytest.mark.parametrize("text", ["rm -r runs", "zsar", "zsar batch other.txt", "zsar several other.txt"])
def test_what_is_no_command_of_zsar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"must be a command as in the shell.*; got '{text}'"):
        zsar_command(text)


def test_a_line_at_fault_is_named(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text('zsar test\nzsar test "a\n')
    with pytest.raises(ValueError, match="list.txt:2: No closing quotation.*close the quote"):
        read_commands(str(tmp_path / "list.txt"))


def test_commands_come_from_a_file_or_the_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "# a sweep\nzsar test\n\nzsar fit\n"
    (tmp_path / "list.txt").write_text(lines)
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    assert read_commands(str(tmp_path / "list.txt")) == read_commands("-") == [("zsar", "test"), ("zsar", "fit")]
