import csv
from pathlib import Path

import numpy as np
import pytest

from zsar.callbacks.pictures.errors.class_listing import print_worst_classes, write_cell_table, write_class_table
from zsar.callbacks.pictures.errors.confusions import Confusions


def confusions(counts: list[list[int]], undecodable: list[int], names: tuple[str, ...]) -> Confusions:
    array = np.array(counts)
    return Confusions("novel", names, array, np.array(undecodable), int(array.sum()))


ODD = confusions([[1, 2, 0], [0, 0, 0], [0, 0, 3]], [0, 0, 1], ("$x$, [/b]", "打篮球", "n" * 80))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_table_has_each_class_worst_first(tmp_path: Path) -> None:
    found = rows(write_class_table(ODD, tmp_path / "classes.csv"))
    assert [(row["class"], row["videos"], row["top1_percent"]) for row in found] == [
        ("$x$, [/b]", "3", "33.33"),
        ("n" * 80, "4", "75.00"),
        ("打篮球", "0", ""),
    ]
    assert [(row["taken_for"], row["taken_for_videos"], row["undecodable"]) for row in found] == [
        ("打篮球", "2", "0"),
        ("", "0", "1"),
        ("", "0", "0"),
    ]


def test_the_cells_add_up_to_all_videos(tmp_path: Path) -> None:
    found = rows(write_cell_table(ODD, tmp_path / "matrix.csv"))
    assert [(row["class"], row["prediction"], row["videos"]) for row in found] == [
        ("$x$, [/b]", "$x$, [/b]", "1"),
        ("$x$, [/b]", "打篮球", "2"),
        ("n" * 80, "n" * 80, "3"),
        ("n" * 80, "", "1"),
    ]
    assert sum(int(row["videos"]) for row in found) == ODD.n


def test_the_worst_classes_are_printed_as_typed(capsys: pytest.CaptureFixture[str]) -> None:
    print_worst_classes(ODD)
    printed = capsys.readouterr().out
    assert "$x$, [/b]" in printed
    assert "33.3" in printed
    assert "2 worst of 3 classes of novel" in printed


def test_at_most_ten_are_printed_and_nothing_without_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    names = tuple(f"class {i:02d}" for i in range(20))
    print_worst_classes(confusions((np.diag([1] * 20) + np.eye(20, k=1, dtype=int)).tolist(), [0] * 20, names))
    printed = capsys.readouterr().out
    assert "10 worst of 20 classes" in printed
    assert sum(f"│ {name} " in printed for name in names) <= 11
    print_worst_classes(confusions(np.diag([1] * 20).tolist(), [0] * 20, names))
    assert capsys.readouterr().out == ""
