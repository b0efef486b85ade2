from pathlib import Path

from tests.makers.report.pictured_runs import add_pictures, as_json, picture_of
from zsar.lightning_modules.command_line.report.reported_run import read_reported_run
from zsar.lightning_modules.command_line.report.sections.pictures.recorded_numbers import (
    mappings_in,
    numbers_in,
    recorded_numbers,
)


def test_numbers_of_a_kind_and_what_is_damaged(tmp_path: Path) -> None:
    contents = [as_json({"a": 1}), b"{", as_json([1])]
    add_pictures(
        tmp_path, "timelines", [(picture_of("timelines", str(i)), {"numbers": c}) for i, c in enumerate(contents)]
    )
    add_pictures(tmp_path, "mistakes", [(picture_of("mistakes"), {"numbers": as_json({"b": 1})})])
    run = read_reported_run(tmp_path, "a")
    assert [content for _, content in recorded_numbers(run, "timelines")] == [{"a": 1}]
    assert len(run.problems) == 1
    assert "001.json" in run.problems[0]


def test_lists_of_mappings_and_of_numbers() -> None:
    assert mappings_in({"a": [{"b": 1}, 2, None]}, "a") == [{"b": 1}]
    assert mappings_in({"a": 3}, "a") == mappings_in({}, "a") == []
    assert numbers_in({"a": [1, 2.5]}, "a") == [1, 2.5]
    assert numbers_in({"a": [1, "2"]}, "a") == numbers_in({"a": None}, "a") == []
