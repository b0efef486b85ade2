import re

import pytest

from zsar.api.answers import Classification
from zsar.lightning_modules.command_line.classify.answer_table import print_answers


def test_each_video_has_its_best_names(capsys: pytest.CaptureFixture[str]) -> None:
    print_answers(
        [Classification("a.mp4", (("x", 0.7), ("y", 0.2), ("z", 0.1)), "x"), Classification("b.mp4", (), None, "why")],
        top_k=2,
    )
    out = capsys.readouterr().out
    assert "70.0 %" in out
    assert "10.0 %" not in out
    assert "not decoded" in out


def test_beside_a_tuned_answer_stands_the_untuned_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    before = Classification("a.mp4", (("y", 0.6), ("x", 0.4)), "y")
    failed = Classification("b.mp4", (), None, "why", untuned=Classification("b.mp4", (), None))
    print_answers([Classification("a.mp4", (("x", 0.7), ("y", 0.3)), "x", untuned=before), failed], top_k=2)
    lines = [re.split(r"\s*[┃│]\s*", line)[1:-1] for line in capsys.readouterr().out.splitlines() if line[0] in "┃│"]
    assert lines[0] == ["video", "answer", "untuned answer", "rank", "class", "probability", "untuned"]
    assert lines[1] == ["a.mp4", "x", "y", "1", "x", "70.0 %", "40.0 %"]
    assert lines[2] == ["", "", "", "2", "y", "30.0 %", "60.0 %"]
    assert lines[3] == ["b.mp4", "not decoded", "", "", "", "", ""]


def test_own_probabilities_have_columns_and_a_line_that_explains_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    before = Classification("a.mp4", (("y", 0.6), ("x", 0.4)), "y", own_probabilities=(("y", 0.06), ("x", 0.04)))
    answer = Classification(
        "a.mp4", (("x", 0.7), ("y", 0.3)), "x", untuned=before, own_probabilities=(("x", 0.07), ("y", 0.03))
    )
    print_answers([answer, Classification("b.mp4", (), None, "why")], top_k=2)
    out = capsys.readouterr().out
    lines = [re.split(r"\s*[┃│]\s*", line)[1:-1] for line in out.splitlines() if line[0] in "┃│"]
    numbers = ["probability", "own probability", "untuned", "untuned own"]
    assert lines[0] == ["video", "answer", "untuned answer", "rank", "class", *numbers]
    assert lines[1] == ["a.mp4", "x", "y", "1", "x", "70.0 %", "7 %", "40.0 %", "4 %"]
    assert lines[2] == ["", "", "", "2", "y", "30.0 %", "3 %", "60.0 %", "6 %"]
    assert lines[3] == ["b.mp4", "not decoded", *[""] * 7]
    assert "--threshold is an own probability" in " ".join(out.split())
