from pathlib import Path

import pytest

from zsar.lightning_modules.command_line.fit_and_test.mistyped_lines import answered_at_once, mistake_in

EXPERIMENT = ("--config", "configs/experiment/moving_shapes_t2l.yaml")


@pytest.mark.parametrize("command", ["fit", "validate", "test", "predict"])
@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ((), ["--model and --data are missing", "--model.help"]),
        (("--run_dir", "x"), ["--model and --data are missing"]),
        (("--confg", "x"), ["no option --confg", "did you mean --config"]),
        ((*EXPERIMENT, "--run_di=x"), ["no option --run_di", "mean --run_dir?", "--help.all` lists the options"]),
        (("--modle.n_frames", "8"), ["no option --modle.n_frames", "did you mean --model.n_frames?"]),
        (("--trainr.max_epochs=8",), ["did you mean --trainer.max_epochs?"]),
        (("--config", "nowhere.yaml"), ["--config nowhere.yaml: there is no such file"]),
        (("-c", "nowhere.yaml"), ["--config nowhere.yaml: there is no such file"]),
        ((*EXPERIMENT, "--data=configs/data/ucf10.yaml"), ["no such file", "did you mean configs/data/ucf101.yaml"]),
        ((*EXPERIMENT, "--trainer", "trainer/cp.yaml"), ["no such file", "trainer/cpu.yaml"]),
    ],
)
def test_a_mistake_is_told_with_its_remedy(command: str, arguments: tuple[str, ...], parts: list[str]) -> None:
    mistake = mistake_in([command, *arguments])
    assert mistake is not None
    assert len(mistake.splitlines()) == 1
    for part in parts:
        assert part in mistake


@pytest.mark.parametrize(
    "arguments",
    [
        EXPERIMENT,
        ("-c", EXPERIMENT[1]),
        (f"--config={EXPERIMENT[1]}", "--model.anything", "1", "--trainer.max_epoch", "2"),
        ("--model", "T2L", "--data", "UCF101"),
        ("--model.help",),
        ("--help.all",),
        ("--adaptation.help",),
        ("--print_config",),
        (*EXPERIMENT, "--max_epochs", "3"),  # like an option of the trainer, which only Lightning knows
        (*EXPERIMENT, "--trainer", "cpu"),
        (*EXPERIMENT, "--data.train", "nowhere.yaml"),
        (f"-c{EXPERIMENT[1]}",),
        ("--config", "{model: T2L, data: UCF101}"),
        ("--config", "model: T2L"),
        ("--config=https://example.org/experiment.yaml",),
        ("--config", ""),
        ("--config", "nowhere.yaml", "--model.help"),
        ("--confg", "x", "--model.help", "T2L"),
        ("T2L",),
        ("--run_dir=x", "T2L"),
        ("-x",),
        ("--seed_everything", "-1"),
        ("--helpp",),
        ("--help=all",),
        ("--",),
        ("--", "--confg"),
    ],
)
def test_what_needs_the_parser_is_left_to_it(arguments: tuple[str, ...]) -> None:
    assert mistake_in(["fit", *arguments]) is None


@pytest.mark.parametrize("option", ["--config", "-c", "--data", "--trainer"])
def test_a_file_in_the_home_folder_is_left_to_its_reader(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.yaml").write_text("seed_everything: 1\n")
    assert mistake_in(["fit", *EXPERIMENT, option, "~/mine.yaml"]) is None
    assert "~/other.yaml: there is no such file" in str(mistake_in(["fit", *EXPERIMENT, option, "~/other.yaml"]))


def test_a_file_that_is_there_but_cannot_be_read_is_left_to_its_reader(tmp_path: Path) -> None:
    (tmp_path / "link.yaml").symlink_to(tmp_path / "gone.yaml")
    assert mistake_in(["fit", "--config", str(tmp_path / "link.yaml")]) is None
    assert mistake_in(["fit", "--config", str(tmp_path)]) is None


def test_the_status_says_whether_the_line_was_answered(capsys: pytest.CaptureFixture[str]) -> None:
    assert answered_at_once(["fit", *EXPERIMENT, "--help"]) == 0
    assert capsys.readouterr().out.startswith("usage: zsar fit")
    assert answered_at_once(["fit", "--run-di", "x"]) == 2
    assert capsys.readouterr().err.startswith("zsar fit: error: there is no option --run_di; did you mean --run_dir?")
    assert answered_at_once(["fit", *EXPERIMENT]) is None
