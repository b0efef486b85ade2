import csv
import json
from pathlib import Path
from typing import Any

import pytest

from zsar.api.answers import Classification
from zsar.lightning_modules.command_line.classify.answer_files import SUFFIXES, AnswerFile, part_of
from zsar.lightning_modules.command_line.cli import main

ANSWERS = [
    Classification("a.mp4", (("x", 0.75), ("y", 0.25)), "x").to_dict(),
    Classification("b.mp4", (), None, "broken").to_dict(),
]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_holds_all_answers_in_order_and_the_part_is_gone(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"answers{suffix}"
    file = AnswerFile(path, {"clips": 1}, copies={})
    assert list(file.append_all(iter(reversed(ANSWERS)))) == ANSWERS[::-1]
    assert file.finish(["a.mp4", "b.mp4"], ["y", "x"]) == 1
    assert not part_of(path).exists()
    if suffix == ".csv":
        rows = list(csv.DictReader(path.open()))
        assert [row["path"] for row in rows] == ["a.mp4", "b.mp4"]
        assert (rows[0]["answer"], rows[0]["probability"], rows[0]["x"], rows[1]["error"]) == (
            "x",
            "0.75",
            "0.75",
            "broken",
        )
    elif suffix == ".jsonl":
        assert [json.loads(line) for line in path.read_text().splitlines()] == ANSWERS
    else:
        assert json.loads(path.read_text()) == ANSWERS


def test_a_table_has_columns_for_the_untuned_answers(tmp_path: Path) -> None:
    untuned = [{"answer": "y", "probabilities": {"y": 0.6, "x": 0.4}}, {"answer": None, "probabilities": {}}]
    answers = [{**answer, "untuned": before} for answer, before in zip(ANSWERS, untuned, strict=True)]
    file = AnswerFile(tmp_path / "answers.csv", {"adaptation": "TPT"}, copies={})
    list(file.append_all(iter(answers)))
    file.finish(["a.mp4", "b.mp4"], ["x", "y"])
    rows = list(csv.reader((tmp_path / "answers.csv").open()))
    head = ["path", "answer", "probability", "untuned_answer", "untuned_probability", "n_damaged_frames", "error"]
    assert rows[0] == [*head, "x", "y"]
    assert rows[1] == ["a.mp4", "x", "0.75", "y", "0.6", "0", "", "0.75", "0.25"]
    assert rows[2] == ["b.mp4", "", "", "", "", "0", "broken", "", ""]


def test_a_stopped_run_is_resumed_and_failed_videos_are_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    list(AnswerFile(path, {"clips": 1}, copies={}).append_all(iter(ANSWERS)))
    resumed = AnswerFile(path, {"clips": 1}, copies={})
    assert resumed.done == {"a.mp4"}
    again = {**ANSWERS[1], "error": None, "answer": "y"}
    list(resumed.append_all(iter([again])))
    assert resumed.finish(["a.mp4", "b.mp4"], ["x", "y"]) == 0
    assert json.loads(path.read_text()) == [ANSWERS[0], again]


def test_answers_that_were_made_in_another_way_are_not_mixed(tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    list(AnswerFile(path, {"clips": 1}, copies={}).append_all(iter(ANSWERS)))
    with pytest.raises(ValueError, match=r"answers\.json\.part holds answers .* with clips 1, this one has 2"):
        AnswerFile(path, {"clips": 2}, copies={})


def test_a_video_is_done_when_the_copy_that_is_asked_for_is_there(tmp_path: Path) -> None:
    path, copies = tmp_path / "answers.csv", {"a.mp4": tmp_path / "a.drawn.mp4", "b.mp4": tmp_path / "b.drawn.mp4"}
    copies["a.mp4"].write_bytes(b"a copy")
    drawn = {**ANSWERS[0], "drawn": str(copies["a.mp4"]), "drawing_error": None}
    failed = {**ANSWERS[0], "path": "b.mp4", "drawn": None, "drawing_error": "broken"}
    list(AnswerFile(path, {"clips": 1}, copies=copies).append_all(iter([drawn, failed])))
    assert AnswerFile(path, {"clips": 1}, copies=copies).done == {"a.mp4"}
    elsewhere = {video: tmp_path / "elsewhere" / copy.name for video, copy in copies.items()}
    assert AnswerFile(path, {"clips": 1}, copies=elsewhere).done == set()
    assert AnswerFile(path, {"clips": 1}, copies={}).done == {"a.mp4", "b.mp4"}
    copies["a.mp4"].unlink()
    file = AnswerFile(path, {"clips": 1}, copies=copies)
    assert file.done == set()
    assert file.finish(["a.mp4", "b.mp4"], ["x", "y"]) == 0
    rows = list(csv.DictReader(path.open()))
    assert [(row["drawn"], row["drawing_error"]) for row in rows] == [(drawn["drawn"], ""), ("", "broken")]


def test_a_run_that_draws_nothing_leaves_out_what_an_earlier_one_drew(tmp_path: Path) -> None:
    path = tmp_path / "answers.json"
    drawn = {**ANSWERS[0], "drawn": "a.drawn.mp4", "drawing_error": None}
    list(AnswerFile(path, {"clips": 1}, copies={"a.mp4": Path("a.drawn.mp4")}).append_all(iter([drawn])))
    AnswerFile(path, {"clips": 1}, copies={}).finish(["a.mp4"], ["x", "y"])
    assert json.loads(path.read_text()) == [ANSWERS[0]]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"path": None}, "it names no video"),
        ({"error": 3}, "it does not say whether there is an error"),
        ({"answer": None}, "it has no answer"),
        ({"n_damaged_frames": -1}, "it has no number of damaged frames"),
        ({"n_damaged_frames": True}, "it has no number of damaged frames"),
        ({"probabilities": None}, "its probabilities are not numbers from 0 to 1"),
        ({"probabilities": {"x": 1.5}}, "its probabilities are not numbers from 0 to 1"),
        ({"probabilities": {"x": "1"}}, "its probabilities are not numbers from 0 to 1"),
        ({"own_probabilities": {"x": -1}}, "its own probabilities are not numbers from 0 to 1"),
        ({"untuned": 3}, "it does not say what it was untuned"),
        ({"untuned": {"answer": "x", "probabilities": {"x": 2}}}, "it does not say what it was untuned"),
        (
            {"untuned": {"answer": "x", "probabilities": {"x": 1}, "own_probabilities": 1}},
            "it does not say what it was untuned",
        ),
        ({"drawn": 3}, "it does not say where it is drawn"),
        ({"untuned": {"probabilities": {}}}, "it does not say what it was untuned"),
    ],
)
def test_a_line_that_is_no_answer_is_named(tmp_path: Path, changes: dict[str, Any], problem: str) -> None:
    path = tmp_path / "answers.csv"
    list(AnswerFile(path, {"clips": 1}, copies={}).append_all(iter(ANSWERS)))
    part_of(path).open("a").write(json.dumps({**ANSWERS[0], **changes}) + "\n")
    with pytest.raises(ValueError, match=f"answers.csv.part: line 4 was not written by zsar .{problem}.; remove it"):
        AnswerFile(path, {"clips": 1}, copies={})


@pytest.fixture
def command(tiny_weights: Path, video_tree: Path, tmp_path: Path) -> list[str]:
    model = ["--architecture", "tiny-clip", "--weights", str(tiny_weights)]
    return ["classify", str(video_tree), "--classes", "red, green", *model, "--output", str(tmp_path / "a.jsonl")]


def test_the_command_resumes(command: list[str], tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(command) == 0
    lines = (tmp_path / "a.jsonl").read_text().splitlines()
    assert len(lines) == 20
    assert main(command) == 1
    assert "a.jsonl is there already; give another --output, or --force" in capsys.readouterr().err

    def stops(self: AnswerFile, answers: Any) -> Any:
        for number, answer in enumerate(original(self, answers)):
            if number == 5:
                raise KeyboardInterrupt
            yield answer

    original = AnswerFile.append_all
    monkeypatch.setattr(AnswerFile, "append_all", stops)
    assert main([*command, "--force"]) == 130
    monkeypatch.undo()
    capsys.readouterr()
    assert main([*command, "--force", "--clips", "2"]) == 1
    assert "with clips 1, this one has 2" in capsys.readouterr().err
    assert main([*command, "--force"]) == 0
    assert "6 of 20 videos are in" in capsys.readouterr().err
    assert (tmp_path / "a.jsonl").read_text().splitlines() == lines


@pytest.mark.parametrize("name", ["answers.txt", "", "missing.mp4/a.json"])
def test_a_file_that_cannot_be_written_is_told_before_the_model_is_loaded(
    name: str, video_tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "missing.mp4").write_text("a file")
    output = str(tmp_path / name)
    assert main(["classify", str(video_tree), "--classes", "a, b", "--weights", "gone.pt", "--output", output]) == 1
    assert "--output" in capsys.readouterr().err


def test_own_probabilities_have_columns_that_nobody_takes_for_the_others(tmp_path: Path) -> None:
    own = (("x", 0.1), ("y", 0.2))
    named, none = (
        Classification(path, (("x", 0.75), ("y", 0.25)), answer, own_probabilities=own)
        for path, answer in (("a.mp4", "y"), ("c.mp4", "none of these"))
    )
    file = AnswerFile(tmp_path / "answers.csv", {"threshold": 0.15}, copies={})
    list(file.append_all(iter([named.to_dict(), ANSWERS[1], none.to_dict()])))
    file.finish(["a.mp4", "b.mp4", "c.mp4"], ["x", "y"])
    rows = list(csv.reader((tmp_path / "answers.csv").open()))
    head = ["path", "answer", "probability", "own_probability", "n_damaged_frames", "error"]
    assert rows[0] == [*head, "x", "y", "own probability of x", "own probability of y"]
    assert rows[1] == ["a.mp4", "y", "0.25", "0.2", "0", "", "0.75", "0.25", "0.1", "0.2"]  # those of the answer
    assert rows[2] == ["b.mp4", "", "", "", "0", "broken", "", "", "", ""]
    assert rows[3] == ["c.mp4", "none of these", "0.75", "0.1", "0", "", "0.75", "0.25", "0.1", "0.2"]
