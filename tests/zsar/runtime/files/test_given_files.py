import json
import os
from pathlib import Path

import pytest

from tests.makers.files.broken_files import CONTENTS, NODES, broken_file, broken_node
from zsar.runtime.files.given_files import (
    MOST_NESTED,
    MOST_PARSED_BYTES,
    GivenFileError,
    check_given_file,
    kind_of_content,
    nesting_of,
    read_given_json,
    read_given_text,
)

ACCEPTED = ("JSON null", "a JSON number", "a JSON list", "a JSON text", "an empty mapping", "JSON of other keys")


@pytest.mark.parametrize("content", [name for name in CONTENTS if name not in ACCEPTED])
def test_what_is_no_json_is_one_line_with_the_name_and_the_remedy(tmp_path: Path, content: str) -> None:
    path = broken_file(tmp_path, content, name="a.json")
    with pytest.raises(GivenFileError) as caught:
        read_given_json(path, what="result", remedy="test again")
    said = str(caught.value)
    assert said.startswith(str(path))
    assert said.endswith("; test again")
    assert caught.value.what in said.replace(f"{path}:1: ", "line 1: ").replace(f"{path}:2: ", "line 2: ")
    assert len(said.splitlines()) == 1
    assert len(said) < 400 + len(str(path))


@pytest.mark.parametrize("content", ACCEPTED)
def test_any_value_of_json_is_read(tmp_path: Path, content: str) -> None:
    path = broken_file(tmp_path, content, name="a.json")
    assert read_given_json(path, what="result", remedy="test again") == json.loads(CONTENTS[content])


@pytest.mark.parametrize("node", NODES)
def test_what_is_no_file_is_named_without_being_opened(tmp_path: Path, node: str) -> None:
    path = broken_node(tmp_path, node, name="a.json")
    with pytest.raises((GivenFileError, FileNotFoundError)) as caught:
        read_given_text(path, what="result", remedy="test again")
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).endswith("; test again")


def test_a_file_of_any_size_is_looked_at_without_being_read(tmp_path: Path) -> None:
    path = broken_node(tmp_path, "10 GB of nothing", name="a.ckpt")
    assert check_given_file(path, remedy="") == 10 * 2**30
    with pytest.raises(GivenFileError, match="its 10,737 MB are more than the 34 MB that it may have"):
        check_given_file(path, remedy="", most_bytes=MOST_PARSED_BYTES)


def test_an_empty_file_is_refused_unless_it_may_be_empty(tmp_path: Path) -> None:
    path = broken_file(tmp_path, "empty", name="a")
    assert check_given_file(path, remedy="", may_be_empty=True) == 0
    with pytest.raises(GivenFileError, match="the file is empty"):
        check_given_file(path, remedy="")


@pytest.mark.parametrize("name", ["a\0b", "a" * 300, "file/below"])
def test_a_name_that_no_file_can_have_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GivenFileError, match="; look again"):
        check_given_file(tmp_path / name, remedy="look again")


def test_a_file_that_may_not_be_read_is_an_error_of_the_system(tmp_path: Path) -> None:
    path = broken_file(tmp_path, "an empty mapping", name="a.json")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises((PermissionError, GivenFileError), match=r"a\.json"):
        read_given_json(path, what="result", remedy="")


def test_nesting_is_counted_as_far_as_it_may_go() -> None:
    holds_itself: list[object] = []
    holds_itself.append(holds_itself)
    assert nesting_of(1) == 0
    assert nesting_of([1, [2]]) == 2
    assert nesting_of({"a": {"b": [{}]}}) == 4
    assert nesting_of(holds_itself) == MOST_NESTED + 1


def test_json_is_nested_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("[" * MOST_NESTED + "]" * MOST_NESTED)
    read_given_json(path, what="result", remedy="")
    path.write_text("[" * (MOST_NESTED + 1) + "]" * (MOST_NESTED + 1))
    with pytest.raises(GivenFileError, match="nested deeper than 100"):
        read_given_json(path, what="result", remedy="")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("a web page", "a web page"),
        ("a picture", "a PNG picture"),
        ("a video", "an mp4 video"),
        ("a gzip archive", "a gzip archive"),
        ("a zip archive of other files", "a zip archive"),
        ("a Git LFS pointer", "a pointer of Git LFS, not the file itself; `git lfs pull` gets it"),
        ("prose", None),
        ("empty", None),
    ],
)
def test_well_known_files_are_called_by_name(tmp_path: Path, content: str, kind: str | None) -> None:
    assert kind_of_content(broken_file(tmp_path, content, name="a")) == kind
