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
