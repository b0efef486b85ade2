import pytest

from tests.makers.report.drawn_charts import HOSTILE, notes, of_class, parsed
from zsar.lightning_modules.command_line.report.charts.heat_map import Block, Cell, heat_map

SAID = {"title": "Confusion", "description": "What is taken for what."}


def test_right_and_wrong_answers_are_in_their_rows_and_columns() -> None:
    cells = [Cell(0, 0, 0.75, "run: 75 %"), Cell(0, 1, 0.25, "run, taken for jump: 25 %"), Cell(1, 1, 1.0, "jump")]
    root = parsed(heat_map(["run", "jump"], cells, **SAID))
    right, wrong = of_class(root, "right"), of_class(root, "wrong")
    assert [cell.get("fill-opacity") for cell in right] == ["0.75", "1.0"]
    assert wrong[0].get("y") == right[0].get("y")
    assert wrong[0].get("x") == right[1].get("x")
    assert "run, taken for jump: 25 %" in notes(root)


def test_a_single_confusion_is_seen() -> None:
    root = parsed(heat_map(["a", "b"], [Cell(0, 1, 0.001, "one")], **SAID))
    assert float(of_class(root, "wrong")[0].get("fill-opacity", "")) > 0.1


def test_blocks_frame_their_classes() -> None:
    root = parsed(heat_map(list("abcd"), [], blocks=[Block(1, 2)], **SAID))
    (block,) = of_class(root, "block")
    (ground,) = of_class(root, "empty")
    assert float(block.get("width", "")) == float(ground.get("width", "")) / 2


@pytest.mark.parametrize("n", [0, 1, 40])
def test_few_and_many_classes(n: int) -> None:
    root = parsed(heat_map([f"{HOSTILE} {i}" for i in range(n)], [Cell(i, i, 1.0, HOSTILE) for i in range(n)], **SAID))
    assert len(of_class(root, "right")) == n


def test_more_classes_than_can_be_read_are_an_error() -> None:
    with pytest.raises(ValueError, match="at most 40 classes, not 41"):
        heat_map(["a"] * 41, [], **SAID)
