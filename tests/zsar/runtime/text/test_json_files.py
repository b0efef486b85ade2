from pathlib import Path

import pytest

from zsar.runtime.text.json_files import read_json
from zsar.runtime.text.text_files import ListFileError


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_json_is_read_with_a_byte_order_mark_too(tmp_path: Path) -> None:
    assert read_json(written(tmp_path / "a.json", '\ufeff{"a": [1, 2.5, null, "é"]}'), "list") == {
        "a": [1, 2.5, None, "é"]
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r":1: is not a JSON file: Expecting value \(column 1\)"),
        ('{"a":\n 1', r":2: is not a JSON file"),
        ('{"a": "NaN",\n "b": NaN}', r":2: NaN is not a JSON number"),
        ("[1,\n\n-Infinity]", r":3: -Infinity is not a JSON number"),
        ('["1e999",\n1e999]', r":2: the number '1e999' is too large"),
        (f"[{'9' * 5000}]", r":1: the number '9.* has 5000 digits, more than 300"),
        ('{"a": 1, "a": 2}', r": it has more than one 'a' in an object"),
        ("[" * 100_000, r": is nested too deeply"),
        ('{"a":' * 100_000, r": is nested too deeply"),
        ('["a",\n"a\\\\\\u0000"]', r":2: the character .u0000 is not allowed"),
        (r'["\ud800"]', r": a text holds half of a character"),
    ],
)
def test_what_is_no_strict_json_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path / "a.json", text)
    with pytest.raises(ListFileError, match=message) as caught:
        read_json(path, "list")
    assert str(caught.value).startswith(f"{path}:")


def test_bytes_of_file_names_pass_where_zsar_wrote_them_and_other_half_characters_do_not(tmp_path: Path) -> None:
    path = written(tmp_path / "a.json", r'["ros\udce9.mp4"]')
    assert read_json(path, "result", bytes_of_names=True) == ["ros\udce9.mp4"]
    with pytest.raises(ListFileError, match="half of a character"):
        read_json(path, "result")
    path = written(tmp_path / "b.json", r'["ros\udbff.mp4"]')
    with pytest.raises(ListFileError, match="half of a character"):
        read_json(path, "result", bytes_of_names=True)
