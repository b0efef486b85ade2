from pathlib import Path

import pytest

from tests.makers.results.recognition_results import write_result
from zsar.lightning_modules.command_line.profile.row_results import check_results, with_results


def test_each_row_has_the_main_figure_of_its_run(tmp_path: Path) -> None:
    one = write_result(tmp_path / "one", {"test": 50})
    two = write_result(tmp_path / "two", {"base": 60, "novel": 30})
    rows = with_results([{"name": "a"}, {"name": "b"}], [one, two])
    assert [row["result"]["figure"] for row in rows] == ["test", "harmonic_mean"]
    assert [row["result"]["value"] for row in rows] == [50, 40]  # 2 x 60 x 30 / 90
    assert with_results([{"name": "a"}], []) == [{"name": "a"}]


def test_there_is_one_run_for_each_row(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="--results is given 1 times, but the table has 2 rows; give one run for each"):
        check_results(2, [tmp_path])
    check_results(2, [])
