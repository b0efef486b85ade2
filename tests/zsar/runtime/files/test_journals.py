import os
from pathlib import Path

import pytest

from tests.makers.files.broken_files import CONTENTS, NODES, broken_file, broken_node
from zsar.runtime.files.given_files import GivenFileError
from zsar.runtime.files.journals import JournalWriter, known_lines, whole_lines


def test_whole_lines_are_read_and_a_torn_one_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes('{"a": 1}\n{"b": "\u2028"}\n{"c": "é'.encode()[:-1])
    assert whole_lines(path, remedy="") == [{"a": 1}, {"b": "\u2028"}]
    assert path.read_bytes() == '{"a": 1}\n{"b": "\u2028"}\n'.encode()


@pytest.mark.parametrize("content", ["", '{"kind": "desc'])
def test_a_journal_that_was_killed_at_its_first_line_is_begun_again(tmp_path: Path, content: str) -> None:
    path = tmp_path / "journal"
    path.write_text(content)
    assert whole_lines(path, remedy="") == []
    assert path.read_bytes() == b""


@pytest.mark.parametrize("line", ["[1]", "12", "null", "words", '{"a": NaN}', "[" * 10_000, "", '{"a": 1, "a": 2}'])
def test_a_line_that_is_no_object_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "journal"
    path.write_text('{"a": 1}\n' + line + "\n")
    with pytest.raises(GivenFileError, match=r"journal: line 2 was not written by zsar \(.*\); begin again$"):
        whole_lines(path, remedy="begin again")


@pytest.mark.parametrize("kind", [*CONTENTS, *NODES])
def test_another_file_of_that_name_is_left_as_it_is(tmp_path: Path, kind: str) -> None:
    if CONTENTS.get(kind, b"").startswith(b"{") or kind == "empty":
        pytest.skip("as a killed run may leave it")
    path = (broken_file if kind in CONTENTS else broken_node)(tmp_path, kind, name="journal")
    with pytest.raises((GivenFileError, FileNotFoundError), match=r"journal: "):
        whole_lines(path, remedy="begin again")
    assert kind in NODES or path.read_bytes() == CONTENTS[kind]


def test_what_is_appended_is_in_the_file_at_once_and_is_read_back(tmp_path: Path) -> None:
    path, entries = tmp_path / "deep" / "journal", [{"a": 1, "b": None}, {"name": "p\u00eache", "c": [0.5, "x\n"]}]
    with JournalWriter(path) as writer:
        for n_lines, entry in enumerate(entries, start=1):
            writer.append(entry)
            assert path.read_bytes().count(b"\n") == n_lines
    with JournalWriter(path) as writer:  # a later run
        writer.append({"d": True})
    assert whole_lines(path, remedy="") == list(known_lines(path, remedy="")) == [*entries, {"d": True}]


@pytest.mark.parametrize("is_synced", [True, False])
def test_a_line_is_on_the_disk_where_that_is_asked_for(
    tmp_path: Path, is_synced: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    with JournalWriter(tmp_path / "journal", is_synced=is_synced) as writer:
        writer.append({})
        assert len(synced) == is_synced


def test_a_byte_of_a_name_that_is_not_utf8_is_read_back_by_what_only_saves_work(tmp_path: Path) -> None:
    entry = {"path": os.fsdecode(b"\xff.mp4")}
    with JournalWriter(path := tmp_path / "journal") as writer:
        writer.append(entry)
    assert path.read_bytes() == b'{"path": "\\udcff.mp4"}\n'
    assert list(known_lines(path, remedy="")) == [entry]
    with pytest.raises(GivenFileError, match="half of a character"):
        whole_lines(path, remedy="")


def test_of_a_journal_that_only_saves_work_unreadable_lines_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b'{"a": 1}\n\n[2]\n\xff\x00\n{"b": NaN}\n{"c": 3}\n{"torn": ')
    assert list(known_lines(path, remedy="")) == [{"a": 1}, {"c": 3}]
    with JournalWriter(path) as writer:
        writer.append({"d": 4})
    assert list(known_lines(path, remedy="")) == [{"a": 1}, {"c": 3}, {"d": 4}]
    assert list(known_lines(tmp_path / "absent", remedy="")) == []


@pytest.mark.parametrize("kind", NODES)
def test_what_is_no_file_is_no_journal_that_saves_work(tmp_path: Path, kind: str) -> None:
    path = broken_node(tmp_path, kind, name="journal")
    if not os.path.lexists(path):
        pytest.skip("as before the first run")
    with pytest.raises((GivenFileError, FileNotFoundError), match=r"journal: .*; remove it$"):
        list(known_lines(path, remedy="remove it"))
