from pathlib import Path

import numpy as np

from tests.makers.report.pictured_runs import base_to_novel_run, recognition_run, write_answers
from zsar.lightning_modules.command_line.report.reported_run import read_reported_run
from zsar.lightning_modules.command_line.report.sections.errors.answered_sets import (
    MOST_SETS,
    answered_sets,
    set_order,
    shown_sets,
)


def test_answers_are_counted_as_the_table_has_them(tmp_path: Path) -> None:
    rows = [("a", "run", "run", 0.9), ("b", "run", "jump", 0.6), ("c", "jump", "", None), ("d", "jump", "swim", 0.3)]
    run = read_reported_run(recognition_run(tmp_path / "a", {"test": rows}), "a")
    (answers,) = answered_sets([run])["test"]
    assert answers.confusions.names == ("run", "jump", "swim")
    assert answers.confusions.counts.tolist() == [[1, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert answers.confusions.undecodable.tolist() == [0, 1, 0]
    assert answers.confidences.tolist() == [0.9, 0.6, 0.3]
    assert answers.correct.tolist() == [True, False, False]
    assert answers.rows.tolist() == [0, 1, 3]
    assert np.array_equal(answers.confusions.counts.sum() + 1, answers.confusions.n)


def test_sets_are_in_the_order_of_the_test_and_of_several_runs(tmp_path: Path) -> None:
    runs = [read_reported_run(base_to_novel_run(tmp_path / name), name) for name in ("a", "b")]
    write_answers(runs[0].folder, "val", [("v", "run", "run", 0.5)])
    sets = answered_sets([read_reported_run(runs[0].folder, "a"), runs[1]])
    assert list(sets) == ["base", "novel", "val"]
    assert [[each.run.name for each in of_set] for of_set in sets.values()] == [["a", "b"], ["a", "b"], ["a"]]
    assert [each.style for each in sets["base"]] == [1, 2]


def test_videos_without_a_label_are_not_answered_sets(tmp_path: Path) -> None:
    write_answers(tmp_path, "predict", [("a", "", "run", 0.5)])
    run = read_reported_run(tmp_path, "a")
    assert set_order(run) == ["predict"]
    assert answered_sets([run]) == {}


def test_a_probability_that_is_none_is_left_out_of_confidences(tmp_path: Path) -> None:
    write_answers(tmp_path, "test", [("a", "run", "run", 1.5), ("b", "run", "run", 0.5)])
    (answers,) = answered_sets([read_reported_run(tmp_path, "a")])["test"]
    assert answers.confidences.tolist() == [0.5]
    assert answers.confusions.n_right == 2


def test_many_sets_are_shown_in_part_and_it_says_so(tmp_path: Path) -> None:
    sets = {f"set_{i}": [("a", "run", "run", 0.5)] for i in range(MOST_SETS + 3)}
    run = read_reported_run(recognition_run(tmp_path / "a", sets), "a")
    kept, said = shown_sets(answered_sets([run]))
    assert list(kept) == [f"set_{i}" for i in range(MOST_SETS)]
    assert said == "Shown for 6 of 9 sets; predictions_SET.csv has the other 3."
    assert shown_sets(kept)[1] == ""
