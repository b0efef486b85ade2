from pathlib import Path
from typing import Any

import pytest

from tests.makers.results.localization_results import localization_groups, write_localization
from tests.makers.results.recognition_results import (
    adaptation,
    described,
    recognition_groups,
    recognition_of,
    tuned,
    write_result,
    write_several_labels,
)
from zsar.lightning_modules.command_line.summarize.report_table import ReportTable
from zsar.lightning_modules.command_line.summarize.results.run_groups import RunGroup
from zsar.lightning_modules.command_line.summarize.summary_tables import (
    LOCALIZATION_NOTE,
    PAPER_MEAN_NOTE,
    SCORES_NOTE,
    accuracy_tables,
    frame_tables,
    mean_effect,
    precision_tables,
    score_tables,
    tuning_tables,
)

ACTIVITYNET = ("map_0.5", "map_0.75", "map_0.95", "map", "paper_mean")


def row(folder: Path, figures: list[dict[str, float]], **changes: Any) -> RunGroup:
    folders = [write_result(folder / f"seed{i}", own, seed=i, **changes) for i, own in enumerate(figures)]
    return recognition_groups([recognition_of(path) for path in folders])[0]


def seeds(folder: Path, *values: float, **changes: Any) -> list[Path]:
    return [write_localization(folder / f"seed{i}", v, seed=i, **changes) for i, v in enumerate(values)]


def headers(table: ReportTable) -> list[str]:
    return [column.header for column in table.columns]


def cells(table: ReportTable) -> list[list[str]]:
    return [[str(cell) for cell in row.cells] for row in table.rows]


def test_rows_with_the_same_sets_share_a_table(tmp_path: Path) -> None:
    base = {"base": 40.0, "novel": 60.0}
    groups = [row(tmp_path / "a", [{"test": 50.0}]), row(tmp_path / "b", [base]), row(tmp_path / "c", [{"test": 52.0}])]
    first, second = accuracy_tables(groups)
    assert headers(first) == ["top-1 in percent", "test", "runs"]
    assert cells(first) == [["a", "50.0", "1"], ["c", "52.0", "1"]]
    assert headers(second) == ["top-1 in percent", "base", "novel", "harmonic mean", "runs"]
    assert cells(second) == [["b", "40.0", "60.0", "48.0", "1"]]
    assert accuracy_tables([]) == []


def test_notes_stand_below_the_last_table_and_explain_deviations_of_several_runs(tmp_path: Path) -> None:
    one = row(tmp_path / "a", [{"test": 50.0}])
    several = row(tmp_path / "b", [{"base": 40.0, "novel": 60.0}, {"base": 42.0, "novel": 60.0}])
    assert accuracy_tables([one])[0].notes == ()
    first, second = accuracy_tables([one, several])
    assert (first.notes, second.notes) == ((), ("mean ± sample standard deviation (n - 1)",))


def test_how_much_frames_differ_has_a_table_where_it_was_measured(tmp_path: Path) -> None:
    measured = [{"test": {"top1": 50.0, "frame_diversity": v, "frame_spread": 0.2}} for v in (0.01, 0.03)]
    folders = [write_result(tmp_path / "t2l" / f"seed{i}", {}, seed=i, sets=own) for i, own in enumerate(measured)]
    (group,) = recognition_groups(map(recognition_of, folders))
    (table,) = frame_tables([group, row(tmp_path / "plain", [{"test": 50.0}])])
    assert headers(table) == ["frames of a video", "V + C, test", "spread, test"]
    assert cells(table) == [["t2l", "0.020 ± 0.014", "0.200 ± 0.000"]]


# --- tuning -----------------------------------------------------------------------------------------------------------


def test_a_row_says_what_tuning_changed(tmp_path: Path) -> None:
    group = row(tmp_path / "zar", [{"test": 54.0}], adapted=adaptation())
    (table,) = tuning_tables([group, row(tmp_path / "plain", [{"test": 50.0}])])
    assert cells(table) == [["zar", "ZAR", "test", "52.0", "53.0", "54.0", "+2.0", "30 / 10", "0.50"]]
    assert len(headers(table)) == 9


def test_the_deviation_of_the_change_is_that_of_paired_runs(tmp_path: Path) -> None:
    changes = [tuned(54.0), tuned(58.0, untuned_top1=57.0, flipped_right=31.0)]
    sets = [{"test": {"top1": own["tuned_top1"], **own}} for own in changes]
    folders = [
        write_result(tmp_path / "zar" / f"seed{i}", {"test": 1}, seed=i, adapted=adaptation(), sets=own)
        for i, own in enumerate(sets)
    ]
    (table,) = tuning_tables(recognition_groups([recognition_of(path) for path in folders]))
    (line,) = cells(table)
    assert [line[3], *line[5:8]] == ["54.5 ± 3.5", "56.0 ± 2.8", "+1.5 ± 0.7", "30.5 / 10"]


def test_the_harmonic_mean_is_that_of_untuned_base_and_novel(tmp_path: Path) -> None:
    data = described("ucf101", protocol="base_to_novel")
    group = row(tmp_path / "zar", [{"base": 42.0, "novel": 62.0}], data=data, adapted=adaptation())
    (table,) = tuning_tables([group])
    assert [line[2] for line in cells(table)] == ["base", "novel", "harmonic mean"]
    effect = mean_effect(group, "harmonic_mean")
    assert set(effect) == {"untuned_top1", "views_top1", "tuned_top1", "change"}
    assert effect["untuned_top1"] == pytest.approx(48)
    assert effect["change"] == pytest.approx(2 * 42 * 62 / 104 - 48)
    assert cells(table)[2][7:] == ["", ""]


def test_a_row_that_was_not_adapted_has_no_effect(tmp_path: Path) -> None:
    plain = row(tmp_path / "plain", [{"test": 50.0}])
    assert mean_effect(plain, "test") == {}
    assert tuning_tables([plain]) == []


# --- localization -----------------------------------------------------------------------------------------------------


def test_a_row_has_means_and_deviations_over_runs_at_each_threshold(tmp_path: Path) -> None:
    (table,) = precision_tables(localization_groups(*seeds(tmp_path / "t3al", 20.0, 24.0)))
    assert headers(table) == ["mAP in % at IoU", "0.3", "0.5", "avg", "adaptations", "runs"]
    assert cells(table) == [["t3al", "22.0 ± 2.8", "21.0 ± 2.8", "20.0 ± 2.8", "40", "2"]]


def test_rows_of_the_same_thresholds_are_one_table_and_activitynet_has_its_mean(tmp_path: Path) -> None:
    thumos = localization_groups(*seeds(tmp_path / "a", 20.0), *seeds(tmp_path / "b", 10.0))
    activitynet = localization_groups(*seeds(tmp_path / "c", 30.0, names=ACTIVITYNET))
    first, second = precision_tables([*thumos, *activitynet])
    assert [line[0] for line in cells(first)] == ["a", "b"]
    assert headers(second)[1:6] == ["0.5", "0.75", "0.95", "avg", "paper mean"]
    assert cells(second) == [["c", "30.0", "29.0", "28.0", "27.0", "26.0", "40", "1"]]


def test_notes_explain_what_is_in_the_tables_only(tmp_path: Path) -> None:
    thumos = localization_groups(*seeds(tmp_path / "a", 20.0))
    activitynet = localization_groups(*seeds(tmp_path / "c", 30.0, names=ACTIVITYNET))
    assert precision_tables([]) == []
    assert precision_tables(thumos)[-1].notes == (LOCALIZATION_NOTE,)
    assert LOCALIZATION_NOTE.startswith("mAP: mean average precision")
    assert precision_tables([*thumos, *activitynet])[-1].notes == (LOCALIZATION_NOTE, PAPER_MEAN_NOTE)
    assert PAPER_MEAN_NOTE.startswith("paper mean: the mean at 0.5, 0.75 and 0.95")


def test_scores_of_segments_are_a_table_of_the_rows_that_compared_them(tmp_path: Path) -> None:
    by_score = [{"mean": {"map_0.3": v, "map": v - 1}, "random": {"map_0.3": 5.0, "map": 4.0}} for v in (20.0, 24.0)]
    names = ("map_0.3", "map")
    folders = [
        write_localization(tmp_path / "t3al" / f"seed{i}", 20.0, seed=i, names=names, segment_scores=of_run)
        for i, of_run in enumerate(by_score)
    ]
    (table,) = score_tables(localization_groups(*folders, *seeds(tmp_path / "other", 20.0, names=names)))
    assert headers(table) == ["mAP in % at IoU", "by score", "0.3", "avg", "runs"]
    assert cells(table) == [
        ["t3al", "mean", "22.0 ± 2.8", "21.0 ± 2.8", "2"],
        ["t3al", "random", "5.0 ± 0.0", "4.0 ± 0.0", "2"],
    ]
    assert table.notes == (SCORES_NOTE,)
    assert score_tables(localization_groups(*seeds(tmp_path / "third", 20.0))) == []


def test_videos_of_several_labels_have_a_table_of_their_own(tmp_path: Path) -> None:
    several = recognition_groups([recognition_of(write_several_labels(tmp_path / "b", 30.0))])[0]
    first, second = accuracy_tables([row(tmp_path / "a", [{"test": 50.0}]), several])
    assert headers(first) == ["top-1 in percent", "test", "runs"]
    assert headers(second) == ["in percent", "mAP over classes", "runs"]
    assert cells(second) == [["b", "30.0", "1"]]
    assert second.notes[0].startswith("mAP over classes: mean average precision")
