import json
from pathlib import Path
from typing import Any

import pytest

from zsar.lightning_modules.command_line.classify.answer_files import AnswerFile
from zsar.lightning_modules.command_line.cli import main


@pytest.fixture
def command(tiny_weights: Path, video_tree: Path, tmp_path: Path) -> list[str]:
    """Tunes on 4 views of each red video."""
    (tmp_path / "few.yaml").write_text(
        "adaptation: adaptation/dts_tpt_names.yaml\ndata.clips.views.init_args.n_views: 4\n"
    )
    model = ["--architecture", "tiny-clip", "--weights", str(tiny_weights)]
    classes = ["--classes", "red, green, blue"]
    return ["classify", str(video_tree / "red dance"), *classes, *model, "--adaptation", str(tmp_path / "few.yaml")]


def test_answers_are_printed_with_the_untuned_ones_and_the_seconds(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--json"]) == 0
    printed = capsys.readouterr()
    for answer in json.loads(printed.out):
        assert list(answer["untuned"]) == ["answer", "probabilities"]
        assert set(answer["untuned"]["probabilities"]) == set(answer["probabilities"]) == {"red", "green", "blue"}
    assert "DTS-TPT changed the most probable class of" in printed.err
    assert "of 5 videos;" in printed.err
    assert "s a video:" in printed.err


def test_a_run_in_which_no_video_was_tuned_says_nothing_of_tuning(
    command: list[str], video_tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for video in (video_tree / "red dance").glob("*.mp4"):
        video.write_bytes(b"no video")
    assert main(command) == 1
    assert "s a video" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        (["--adaptation", "zar"], "with adaptation 'DTS-TPT', this one has 'ZAR'"),
        (["--adaptation", "dts_tpt_names"], "with views.n_views 4, this one has 32"),
        (["--seed", "1"], "with seed 0, this one has 1"),
        (["--frames", "9"], "with frames 8, this one has 9"),
        (None, "with adaptation 'DTS-TPT', this one has None"),
    ],
)
def test_answers_of_another_adaptation_are_not_mixed(
    command: list[str],
    changes: list[str] | None,
    difference: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stops(self: AnswerFile, answers: Any) -> Any:
        for number, answer in enumerate(original(self, answers)):
            if number == 2:
                raise KeyboardInterrupt
            yield answer

    original = AnswerFile.append_all
    command = [*command, "--output", str(tmp_path / "a.jsonl")]
    with monkeypatch.context() as patched:
        patched.setattr(AnswerFile, "append_all", stops)
        assert main(command) == 130
    capsys.readouterr()
    other = [word for word in command if word != "--adaptation" and not word.endswith("few.yaml")]
    assert main(other if changes is None else [*command, *changes]) == 1
    assert difference in capsys.readouterr().err
    assert main(command) == 0
    assert "3 of 5 videos are in" in capsys.readouterr().err
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert len(lines) == 5
    assert all(line["untuned"]["answer"] for line in lines)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["--adaptation", "tptt"], "there is no adaptation tptt; zsar has"),
        (["--adaptation", "dts_tpt"], "give --descriptions FILE"),
        (["--template", "photo"], "would not read these prompts (templates: photo)"),
    ],
)
def test_what_does_not_fit_is_told_before_the_model_is_loaded(
    command: list[str], changes: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, *changes, "--weights", "gone.pt"]) == 1
    said = capsys.readouterr().err
    assert message in said
    assert len(said.strip().splitlines()) == 1
