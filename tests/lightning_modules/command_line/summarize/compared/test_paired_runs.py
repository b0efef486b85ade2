import json
from pathlib import Path
from typing import Any

import pytest

from tests.makers.results.paired_runs import write_answers, write_detections
from zsar.lightning_modules.command_line.summarize.compared.paired_runs import paired_runs


def folders(pairs: Any) -> list[tuple[str, str]]:
    return [(a.run.folder.as_posix(), b.run.folder.as_posix()) for a, b in pairs]


def test_runs_of_the_same_name_are_paired(tmp_path: Path) -> None:
    for name in ("a", "b"):
        for run in ("seed1", "seed0", "fold1/seed0"):
            write_answers(tmp_path / name / run, test="10")
        (tmp_path / name / "seed9").mkdir()  # a training that was not tested
        write_answers(tmp_path / name / "checkpoints", test="11")
    found = folders(paired_runs(tmp_path / "a", tmp_path / "b"))
    assert found == [(f"{tmp_path}/a/{run}", f"{tmp_path}/b/{run}") for run in ("fold1/seed0", "seed0", "seed1")]
    single = tmp_path / "a" / "seed0", tmp_path / "b" / "seed1"
    assert folders(paired_runs(*single)) == [(str(single[0]), str(single[1]))]


def test_folders_without_the_same_runs_are_errors(tmp_path: Path) -> None:
    a, b = (tmp_path / name for name in "ab")
    write_answers(a / "seed0", test="10")
    write_answers(a / "seed1", test="10")
    write_answers(b / "seed0", test="10")
    with pytest.raises(ValueError, match=f"{b} has no run seed1, but {a} has"):
        paired_runs(a, b)
    with pytest.raises(ValueError, match=f"{b} has no run seed1, but {a} has"):
        paired_runs(b, a)
    for pair in ((a, b / "seed0"), (b / "seed0", a)):
        with pytest.raises(
            ValueError, match=f"{b / 'seed0'} is a run, but {a} holds runs; give two runs, or two folders"
        ):
            paired_runs(*pair)
    with pytest.raises(ValueError, match=r"c holds no results.json, and no folders seed0, .*; run `zsar test` with"):
        paired_runs(a, tmp_path / "c")
    with pytest.raises(ValueError, match="this is the same folder twice; give two"):
        paired_runs(a, b / ".." / "a")


def changed(folder: Path, **data: Any) -> Path:
    path = folder / "results.json"
    content = json.loads(path.read_text())
    content["data"] |= data
    path.write_text(json.dumps(content))
    return folder


def test_runs_on_other_videos_sets_or_labels_are_errors(tmp_path: Path) -> None:
    a = write_answers(tmp_path / "a", test="10")
    b = write_answers(tmp_path / "b", test="101")
    with pytest.raises(ValueError, match=f"{a} and {b} have other videos in the set test: test/2.mp4; test both alike"):
        paired_runs(a, b)
    with pytest.raises(ValueError, match="have other sets: test and base, novel; test both alike"):
        paired_runs(a, write_answers(tmp_path / "c", base="10", novel="10"))
    d = write_answers(tmp_path / "d", test="10")
    path = d / "predictions_test.csv"
    path.write_text(path.read_text().replace("run,run", "fly,fly"))
    with pytest.raises(ValueError, match="other labels in the set test: test/0.mp4 is 'run' and 'fly'"):
        paired_runs(a, d)
    with pytest.raises(ValueError, match="are of other videos: shift is None and noise; test both alike"):
        paired_runs(a, changed(write_answers(tmp_path / "e", test="10"), shift="noise"))
    f = write_detections(tmp_path / "f", {"a": []}, {"a": [("jump", 0.0, 4.0)]})
    with pytest.raises(ValueError, match="are results of recognition and of localization; compare two of one task"):
        paired_runs(a, f)
    g = write_detections(tmp_path / "g", {"a": []}, {"a": [("jump", 0.0, 4.5)]})
    with pytest.raises(ValueError, match=r"other labels in the set test: a is \(\('jump', 0.0, 4.0\),\) and"):
        paired_runs(f, g)


def test_predictions_of_another_test_are_an_error(tmp_path: Path) -> None:
    a, b = write_answers(tmp_path / "a", test="10"), write_answers(tmp_path / "b", test="10")
    path = b / "predictions_test.csv"
    path.write_text(path.read_text().replace("swim", "run"))
    with pytest.raises(ValueError, match=r"b: its predictions come to 100.00 for test, but results.json has 50.00"):
        paired_runs(a, b)
