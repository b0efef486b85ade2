from pathlib import Path

import pytest

from tests.makers.files.broken_files import CONTENTS, NODES, broken_file, broken_node
from zsar.runtime.files.given_files import GivenFileError
from zsar.runtime.files.journals import whole_lines


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
    with pytest.raises(GivenFileError, match=r"journal: line 2 is none that zsar wrote \(.*\); begin again$"):
        whole_lines(path, remedy="begin again")


@pytest.mark.parametrize("kind", [*CONTENTS, *NODES])
def test_another_file_of_that_name_is_left_as_it_is(tmp_path: Path, kind: str) -> None:
    if CONTENTS.get(kind, b"").startswith(b"{") or kind == "empty":
        pytest.skip("as a killed run may leave it")
    path = (broken_file if kind in CONTENTS else broken_node)(tmp_path, kind, name="journal")
    with pytest.raises((GivenFileError, FileNotFoundError), match=r"journal: "):
        whole_lines(path, remedy="begin again")
    assert kind in NODES or path.read_bytes() == CONTENTS[kind]
