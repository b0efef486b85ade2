from pathlib import Path

import pytest

from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.command_line.fit_and_test.parsing_errors import options_of
from zsar.lightning_modules.run_folders.replaced_settings import REPLACED, replacement
from zsar.lightning_modules.t3al.t3al import T3AL


def test_an_option_is_known_with_and_without_its_section() -> None:
    now = "--model.tuning.smoothed all for true, final for false"
    assert replacement("--model.tuning.smooth_selection") == replacement("--tuning.smooth_selection") == now
    assert replacement("--smooth_selection") is None
    assert replacement("--model.tuning.n_steps") is None
    assert replacement("model.tuning.loss", "reference") is not None
    assert replacement("model.tuning.loss", "paper") is None


def test_what_is_replaced_is_no_option_and_what_replaces_it_is_one() -> None:
    options = options_of(T3AL, "model")
    for before, now in REPLACED.items():
        assert f"--{before}" not in options
        name = now.split(" ")[0]
        assert any(option in (name, name.rpartition(".")[0]) for option in options), now


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--model.tuning.remove_background", "false"),
        ("--model.tuning.smooth_selection", "true"),
        ("--model.suppression.counts_itself", "true"),
    ],
)
def test_an_option_of_before_is_one_line_that_says_what_to_write(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["test", "--model", "T3AL", "--data", "UntrimmedShapes", option, value])
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line == f"zsar test: error: {option} was replaced by {replacement(option)}"


def test_so_is_a_key_of_a_file_and_a_value(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = "model: {class_path: T3AL, init_args: {tuning: {remove_background: true}}}\ndata: UntrimmedShapes\n"
    (tmp_path / "old.yaml").write_text(old)
    for arguments, expected in (
        (
            ("--config", str(tmp_path / "old.yaml")),
            "--model.tuning.remove_background was replaced by --model.tuning.background",
        ),
        (
            ("--model", "T3AL", "--data", "UntrimmedShapes", "--model.tuning.loss", "reference"),
            "--model.tuning.loss reference was replaced by --model.tuning.loss authors",
        ),
    ):
        with pytest.raises(SystemExit):
            main(["test", *arguments])
        (line,) = capsys.readouterr().err.strip().splitlines()
        assert expected in line
