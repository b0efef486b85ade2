"""What holds for every reader of a user's text file: it reads it exactly, or refuses it by name in one line."""

import ast
import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.makers.files.text_readers import READERS, Reader
from tests.makers.source_tree import ROOT, under
from zsar.runtime.text.text_tables import ListFileError

every_reader = pytest.mark.parametrize("reader", READERS, ids=[reader.name for reader in READERS])
OF_TABLES = [reader for reader in READERS if reader.name.endswith(".csv")]
OF_JSON = [reader for reader in READERS if reader.name.endswith(".json")]
ONLY_THE_FIRST_CELL_IS_NEEDED = ("bad.csv", "bad_videos.csv", "predict.csv")
ODD_NUMBERS = ("9" * 300, "9" * 5000, "nan", "inf", "-1", "1e400", "\u00b2", "\uff11", "1_0", "0x1", "")
ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**200,
    1e300,
    "",
    "x",
    "\u0007",
    [],
    [[]],
    {},
    {"x": 1},
    [None, None],
    ["1", "x"],
)


def read_or_refused(reader: Reader, folder: Path, data: bytes) -> object:
    """What is read; None where it is refused as it should be."""
    try:
        return reader.read_bytes(folder, data)
    except ValueError as error:
        message = str(error)
    assert re.match(rf"{re.escape(str(folder / reader.name))}:", message), message
    assert len(message.splitlines()) == 1
    assert len(message) < 1000
    return None


@every_reader
def test_the_same_is_read_with_any_line_end_and_with_a_byte_order_mark(reader: Reader, tmp_path: Path) -> None:
    good = reader.good.encode()
    expected = reader.read_bytes(tmp_path, good)
    assert expected
    for same in (b"\xef\xbb\xbf" + good, good.replace(b"\n", b"\r\n"), good.replace(b"\n", b"\r"), good + b"\n \n\n"):
        assert reader.read_bytes(tmp_path, same) == expected


@every_reader
def test_what_is_no_utf8_text_is_refused_wherever_it_stands(reader: Reader, tmp_path: Path) -> None:
    good = reader.good.encode()
    foreign = [good.decode().encode(code) for code in ("utf-16", "utf-16-le", "utf-16-be", "utf-32")]
    for at in (0, len(good) // 2, len(good)):
        foreign += [good[:at] + odd + good[at:] for odd in (b"\xe9", b"\x00", b"\xff\xfe", b"\x1b", b"\x85")]
    for data in [*foreign, bytes(range(256)), b"\x89PNG\r\n\x1a\n", b"<html>404</html>"]:
        assert read_or_refused(reader, tmp_path, data) is None, data


@every_reader
def test_a_file_cut_anywhere_or_with_a_byte_too_many_is_read_or_refused(reader: Reader, tmp_path: Path) -> None:
    good = reader.good.encode()
    for number, place in enumerate(range(0, len(good), max(1, len(good) // 40))):
        read_or_refused(reader, tmp_path, good[:place])
        for odd in (b'"', b",", b"\n", b" ", b"[", b"\\", b"'", b"\t")[number % 2 :: 2]:
            read_or_refused(reader, tmp_path, good[:place] + odd + good[place:])


@every_reader
def test_a_number_that_is_none_is_read_or_refused(reader: Reader, tmp_path: Path) -> None:
    for found in re.finditer(r"\d+(\.\d+)?", reader.good):
        for odd in ODD_NUMBERS:
            read_or_refused(
                reader, tmp_path, (reader.good[: found.start()] + odd + reader.good[found.end() :]).encode()
            )


@pytest.mark.parametrize("reader", OF_TABLES, ids=[reader.name for reader in OF_TABLES])
def test_a_table_with_an_odd_quote_or_a_surplus_cell_is_refused_with_its_line(reader: Reader, tmp_path: Path) -> None:
    header, first, *rest = reader.good.splitlines()
    number = len([header, first])
    odd = [f"{first},surplus", f'{first}"', f'"{first}', f'"a"b,{first}', "alone" if "," in first else ""]
    for line in odd:
        (tmp_path / reader.name).write_text("\n".join([header, line, *rest]))
        if line == "alone" and reader.name in ONLY_THE_FIRST_CELL_IS_NEEDED:
            continue
        with pytest.raises(ListFileError, match=rf"{re.escape(reader.name)}:{number}: "):
            reader.read(tmp_path)
    for empty in (f"{first},", f"{first}, ,"):
        assert reader.read_bytes(tmp_path, "\n".join([header, empty, *rest]).encode())
    assert reader.read_bytes(tmp_path, "\n".join([f"{header},", f"{first},", *rest]).encode())


@pytest.mark.parametrize("reader", OF_JSON, ids=[reader.name for reader in OF_JSON])
def test_a_json_value_of_another_kind_is_read_or_refused_wherever_it_stands(reader: Reader, tmp_path: Path) -> None:
    for changed in changed_somewhere(json.loads(reader.good)):
        read_or_refused(reader, tmp_path, json.dumps(changed).encode())


@pytest.mark.parametrize("reader", OF_JSON, ids=[reader.name for reader in OF_JSON])
def test_json_that_is_not_strict_is_refused(reader: Reader, tmp_path: Path) -> None:
    good = reader.good
    key = re.search(r'"(\w+)"', good)
    assert key is not None
    odd = [good.replace(value, other, 1) for value in ("2", '"run"') for other in ("NaN", "Infinity", "1e999", "[" * 9)]
    odd += [
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"a": 1, "a": 2}',
        f"[{'9' * 5000}]",
        r'["\ud800"]',
        r'["\u0000"]',
        "1 2",
    ]
    for text in odd:
        assert text == good or read_or_refused(reader, tmp_path, text.encode()) is None, text[:100]


def changed_somewhere(content: Any) -> Iterator[Any]:
    """The content with each of its values exchanged for others, and each key taken out, one at a time."""
    yield from ODD_VALUES
    places: list[tuple[str | int, ...]] = [()]
    while places:
        place = places.pop()
        node = at(content, place)
        inner = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
        for key in inner[:3]:
            places.append((*place, key))
            for odd in (*ODD_VALUES, ...):
                changed = copy.deepcopy(content)
                if odd is ...:
                    del at(changed, place)[key]
                else:
                    at(changed, place)[key] = odd
                yield changed


def at(content: Any, place: tuple[str | int, ...]) -> Any:
    for key in place:
        content = content[key]
    return content


# What reads without the one reader: journals that zsar writes line by line, and the bytes of videos.
OWN_WAY = {
    "datamodules/diagnosis/decode_check.py",
    "datamodules/video_files/mp4_claims.py",
    "datamodules/video_files/openable_files.py",
    "datamodules/video_files/writing/preparing.py",
    "datamodules/diagnosis/repeated_videos.py",
    "datamodules/stored_embeddings/embedding_files.py",  # the record in the header of a safetensors file
}


@pytest.mark.parametrize("module", [m for m in under("datamodules/") if m not in OWN_WAY])
def test_data_modules_read_text_by_the_one_reader(module: str) -> None:
    calls = [node.func for node in ast.walk(ast.parse((ROOT / module).read_text())) if isinstance(node, ast.Call)]
    names = {ast.unparse(function) for function in calls}
    assert not {name for name in names if name in ("open", "csv.reader", "csv.DictReader", "json.load", "json.loads")}
    assert not {name for name in names if name.endswith((".read_text", ".splitlines"))}


@pytest.mark.parametrize("module", under("lightning_modules/", "callbacks/"))
def test_no_table_is_read_by_pythons_own_reader(module: str) -> None:
    assert not re.search(r"csv\.(reader|DictReader)", (ROOT / module).read_text())
