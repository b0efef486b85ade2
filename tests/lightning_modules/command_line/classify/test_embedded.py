import json
from pathlib import Path

import pytest

from zsar.lightning_modules.command_line.cli import main


def test_answers_are_those_of_the_videos(
    tmp_path: Path, video_tree: Path, tiny_weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny = ["--architecture", "tiny-clip", "--weights", str(tiny_weights)]
    out, asked = str(tmp_path / "out"), ["--classes", "red, blue, green", "--json"]
    assert main(["embed", str(video_tree), "--output", out, "--dtype", "fp32", "--n_workers", "0", *tiny]) == 0
    answers = []
    for arguments in ([str(video_tree), *tiny], ["--embeddings", out]):
        capsys.readouterr()
        assert main(["classify", *arguments, *asked]) == 0
        answers.append({answer["path"]: answer for answer in json.loads(capsys.readouterr().out)})
    assert len(answers[0]) == 20
    assert answers[1].keys() == answers[0].keys()
    for path, answer in answers[0].items():
        assert answers[1][path]["probabilities"] == pytest.approx(answer["probabilities"], abs=2e-6)


@pytest.mark.parametrize("arguments", [[], ["a.mp4", "--embeddings", "x"], ["--embeddings", "x", "--frames", "4"]])
def test_options_without_effect_are_errors(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", *arguments, "--classes", "a, b"]) == 1
    assert "embeddings" in capsys.readouterr().err
