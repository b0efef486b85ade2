from pathlib import Path
from typing import Any

import pytest

from tests.makers.results.recognition_results import adaptation, described, tuned, write_result
from zsar.lightning_modules.command_line.summarize.run_groups import RunGroup, group_runs
from zsar.lightning_modules.command_line.summarize.run_results import read_run
from zsar.lightning_modules.command_line.summarize.tuning_table import TUNING_COLUMNS, mean_effect, tuning_rows


def row(folder: Path, figures: list[dict[str, float]], **changes: Any) -> RunGroup:
    folders = [write_result(folder / f"seed{i}", own, seed=i, **changes) for i, own in enumerate(figures)]
    return group_runs([read_run(path) for path in folders])[0]


def test_a_row_says_what_tuning_changed(tmp_path: Path) -> None:
    group = row(tmp_path / "zar", [{"test": 54.0}], adapted=adaptation())
    (cells,) = tuning_rows([group, row(tmp_path / "plain", [{"test": 50.0}])])
    assert cells == [*("zar", "ZAR", "test", "52.0", "53.0", "54.0", "+2.0", "30 / 10", "0.50")]
    assert len(cells) == len(TUNING_COLUMNS)


def test_the_deviation_of_the_change_is_that_of_paired_runs(tmp_path: Path) -> None:
    changes = [tuned(54.0), tuned(58.0, untuned_top1=57.0, flipped_right=31.0)]
    sets = [{"test": {"top1": own["tuned_top1"], **own}} for own in changes]
    folders = [
        write_result(tmp_path / "zar" / f"seed{i}", {"test": 1}, seed=i, adapted=adaptation(), sets=own)
        for i, own in enumerate(sets)
    ]
    (cells,) = tuning_rows(group_runs([read_run(path) for path in folders]))
    assert [cells[3], *cells[5:8]] == ["54.5 ± 3.5", "56.0 ± 2.8", "+1.5 ± 0.7", "30.5 / 10"]


def test_the_harmonic_mean_is_that_of_untuned_base_and_novel(tmp_path: Path) -> None:
    data = described("ucf101", protocol="base_to_novel")
    group = row(tmp_path / "zar", [{"base": 42.0, "novel": 62.0}], data=data, adapted=adaptation())
    assert [cells[2] for cells in tuning_rows([group])] == ["base", "novel", "harmonic mean"]
    effect = mean_effect(group, "harmonic_mean")
    assert set(effect) == {"untuned_top1", "views_top1", "tuned_top1", "change"}
    assert effect["untuned_top1"] == pytest.approx(48)
    assert effect["change"] == pytest.approx(2 * 42 * 62 / 104 - 48)
    assert tuning_rows([group])[2][7:] == ["", ""]


def test_a_row_that_was_not_adapted_has_no_effect(tmp_path: Path) -> None:
    assert mean_effect(row(tmp_path / "plain", [{"test": 50.0}]), "test") == {}
