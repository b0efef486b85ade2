from collections.abc import Callable
from pathlib import Path

import pytest

from zsar.runtime.text.json_files import json_value
from zsar.runtime.text.text_files import ListFileError


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_values_of_the_wrong_kind_are_named_by_their_place(tmp_path: Path) -> None:
    path = written(tmp_path / "a.json", '{"a": [{"b": 1, "c": " x  y ", "d": "2.5", "e": true, "f": null}]}')
    entry = next(json_value(path, "list")["a"].elements())
    assert [key for key, _ in entry.items()] == ["b", "c", "d", "e", "f"]
    assert (entry["c"].name(), entry["c"].text(), entry["d"].seconds()) == ("x y", " x  y ", 2.5)
    wrong: list[tuple[Callable[[], object], str]] = [
        (lambda: entry["z"], r"a\[0\] has no 'z'"),
        (lambda: json_value(path, "list")["z"], r"it has no 'z' \(it has 'a'\)"),
        (lambda: entry["b"].text(), r"a\[0\]\.b is a number \(1\), but must be a text"),
        (lambda: list(entry["b"].elements()), r"a\[0\]\.b is a number \(1\), but must be a list"),
        (lambda: list(entry["f"].items()), r"a\[0\]\.f is null \(None\), but must be an object"),
        (lambda: entry["b"]["x"], r"a\[0\]\.b is a number \(1\), but must be an object"),
        (lambda: entry["e"].seconds(), r"a\[0\]\.e is True, not a time in seconds"),
        (lambda: entry["c"].seconds(), r"a\[0\]\.c is ' x  y ', not a time in seconds"),
    ]
    for read, message in wrong:
        with pytest.raises(ListFileError, match=message):
            read()


@pytest.mark.parametrize("value", ["-1", "1e30", '"nan"', '"1e400"', "9" * 299, "null", "[1]", "{}", '"\uff11"'])
def test_a_time_is_a_finite_number_of_seconds(tmp_path: Path, value: str) -> None:
    with pytest.raises(ListFileError, match="not a time in seconds"):
        json_value(written(tmp_path / "a.json", value), "list").seconds()


def test_an_object_has_no_other_keys_than_it_may_have(tmp_path: Path) -> None:
    path = written(tmp_path / "a.json", '{"rows": [{"title": 1, "title_": 2}]}')
    value = json_value(path, "table")
    row = next(value["rows"].elements())
    row.check_keys(("title", "title_"))
    message = r"rows\[0\] has 'title_', but may have only title, note; did you mean title"
    with pytest.raises(ListFileError, match=message):
        row.check_keys(("title", "note"))
    with pytest.raises(ListFileError, match="but must be an object"):
        value["rows"].check_keys(("title",))
