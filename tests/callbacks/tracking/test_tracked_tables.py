from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from zsar.callbacks.tracking.tracked_tables import tracked_tables

HEADER = "video,path,label,prediction,probability,decoded,problem\n"


def folder_with(tmp_path: Path, **rows: int) -> Path:
    for set_name, n in rows.items():
        lines = [f"v{i},p/v{i}.mp4,run,jump,0.{i}500,yes,\n" for i in range(n)]
        (tmp_path / f"predictions_{set_name}.csv").write_text(HEADER + "".join(lines))
    return tmp_path


def result(**sets: Any) -> dict[str, Any]:
    return {"stage": "test", "sets": sets}


def test_predictions_of_all_sets_are_one_table_with_numbers(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, base=1, novel=1)
    (folder / "predictions_base.csv").write_text(f'{HEADER}a,a.mp4,"<script>, ü",,,no,broken\n')
    (folder / "predictions_of_another_run.csv").write_text(HEADER + "b,b.mp4,run,jump,0.5000,yes,\n")
    (table,) = tracked_tables(folder, result(base={}, novel={}))[:1]
    assert (table.name, table.n_rows) == ("predictions", 2)
    assert table.columns == ["set", "video", "path", "label", "prediction", "probability", "decoded", "problem"]
    assert table.rows == [
        ["base", "a", "a.mp4", "<script>, ü", "", None, "no", "broken"],
        ["novel", "v0", "p/v0.mp4", "run", "jump", 0.05, "yes", ""],
    ]


def test_a_long_table_shows_equally_many_rows_of_each_set_and_knows_how_many_there_are(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, base=9, novel=2)
    (table, *_) = tracked_tables(folder, result(base={}, novel={}), most_rows=6)
    assert [row[:2] for row in table.rows] == [["base", f"v{i}"] for i in range(3)] + [
        ["novel", f"v{i}"] for i in range(2)
    ]
    assert table.n_rows == 11


def test_classes_and_sets_have_their_tables(tmp_path: Path) -> None:
    sets = {"base": {"top1": 50.0, "n_listed": 4, "per_class": {"run": 100.0, "jump": 0.0}}, "novel": {"n_listed": 2}}
    per_class, per_set = tracked_tables(tmp_path, result(**sets))
    assert (per_class.name, per_class.columns) == ("per_class", ["set", "class", "top1"])
    assert per_class.rows == [["base", "run", 100.0], ["base", "jump", 0.0]]
    assert (per_set.name, per_set.columns) == ("per_set", ["set", "top1", "n_listed"])
    assert per_set.rows == [["base", 50.0, 4], ["novel", None, 2]]  # a set that lacks a metric


def test_detections_are_a_table_in_seconds(tmp_path: Path) -> None:
    found = [{"label": "jump", "score": 0.8, "segment": [3.5, 9.0]}, {"label": "run", "score": 0.2, "segment": [0, 1]}]
    content = {"sets": {"split_0": {"results": {"video_1": found, "video_2": []}}, "split_1": {"results": {}}}}
    (tmp_path / "detections.json").write_text(json.dumps(content))
    (table, *_) = tracked_tables(tmp_path, result(split_0={}, split_1={}), most_rows=2)
    assert (table.name, table.n_rows) == ("detections", 2)
    assert table.columns == ["set", "video", "label", "score", "start_seconds", "end_seconds"]
    assert table.rows == [["split_0", "video_1", "jump", 0.8, 3.5, 9.0]]


def test_a_stage_without_rows_has_no_table(tmp_path: Path) -> None:
    assert tracked_tables(tmp_path, {"stage": "validate", "sets": {}}) == []


def test_own_probabilities_are_a_column_where_the_model_tells_them(tmp_path: Path) -> None:
    header = HEADER.replace("problem", "problem,own_probability")
    (tmp_path / "predictions_test.csv").write_text(f"{header}a,a,run,jump,0.9,yes,,1.5e-05\nb,b,run,,,no,broken,\n")
    (table,) = tracked_tables(tmp_path, result(test={}))[:1]
    assert table.columns[-2:] == ["problem", "own_probability"]
    assert [row[-2:] for row in table.rows] == [["", 1.5e-05], ["broken", None]]
