from pathlib import Path
from typing import Any

from tests.makers.results.localization_results import write_localization
from zsar.lightning_modules.command_line.summarize.localization_results import localization_run
from zsar.lightning_modules.command_line.summarize.localization_table import (
    by_thresholds,
    localization_cells,
    localization_columns,
    localization_json,
    localization_notes,
)
from zsar.lightning_modules.command_line.summarize.result_reading import read_result
from zsar.lightning_modules.command_line.summarize.run_groups import LocalizationGroup, group_tasks

ACTIVITYNET = ("map_0.5", "map_0.75", "map_0.95", "map", "paper_mean")


def groups(*folders: Path) -> list[LocalizationGroup]:
    return group_tasks([localization_run(folder, read_result(folder)) for folder in folders])[1]


def seeds(folder: Path, *values: float, **changes: Any) -> list[Path]:
    return [write_localization(folder / f"seed{i}", v, seed=i, **changes) for i, v in enumerate(values)]


def test_a_row_has_means_and_deviations_over_runs_at_each_threshold(tmp_path: Path) -> None:
    (group,) = groups(*seeds(tmp_path / "t3al", 20.0, 24.0))
    assert localization_columns([group]) == ["mAP in % at IoU", "0.3", "0.5", "avg", "adaptations", "runs"]
    assert localization_cells(group) == ["t3al", "22.0 ± 2.8", "21.0 ± 2.8", "20.0 ± 2.8", "40", "2"]


def test_rows_of_the_same_thresholds_are_one_table_and_activitynet_has_its_mean(tmp_path: Path) -> None:
    thumos = groups(*seeds(tmp_path / "a", 20.0), *seeds(tmp_path / "b", 10.0))
    activitynet = groups(*seeds(tmp_path / "c", 30.0, names=ACTIVITYNET))
    assert [[group.name for group in rows] for rows in by_thresholds([*thumos, *activitynet])] == [["a", "b"], ["c"]]
    assert localization_columns(activitynet)[1:6] == ["0.5", "0.75", "0.95", "avg", "paper mean"]
    assert localization_cells(activitynet[0]) == ["c", "30.0", "29.0", "28.0", "27.0", "26.0", "40", "1"]


def test_notes_explain_what_is_in_the_tables_only(tmp_path: Path) -> None:
    thumos = groups(*seeds(tmp_path / "a", 20.0))
    activitynet = groups(*seeds(tmp_path / "c", 30.0, names=ACTIVITYNET))
    assert localization_notes([]) == []
    (note,) = localization_notes(thumos)
    assert note.startswith("mAP: mean average precision")
    assert localization_notes([*thumos, *activitynet])[1].startswith("paper mean: the mean at 0.5, 0.75 and 0.95")


def test_json_has_means_deviations_runs_and_settings(tmp_path: Path) -> None:
    (group,) = groups(*seeds(tmp_path / "t3al", 20.0, 24.0))
    content = localization_json(group)
    assert (content["task"], content["map_0.3"], content["map"], content["n_runs"]) == ("localization", 22.0, 20.0, 2)
    assert content["std"] == dict.fromkeys(("map_0.3", "map_0.5", "map"), 2.83)
    assert [run["map_0.3"] for run in content["runs"]] == [20.0, 24.0]
    assert [made["seed"] for made in content["made_with"]] == [0, 1]
    assert content["settings"]["split"] == "50_50"
    (single,) = groups(tmp_path / "t3al" / "seed0")
    assert "std" not in localization_json(single)
