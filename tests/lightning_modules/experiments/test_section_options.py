import pytest

from zsar.lightning_modules.experiments.section_options import section_options


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (["fit", "--config", "a.yaml"], [("fit",), ("--config", "a.yaml")]),
        (["-c", "a.yaml", "-c=b.yaml"], [("--config", "a.yaml"), ("--config", "b.yaml")]),
        (["--data.split.seed=1", "--data", "UCF101"], [("--data.split.seed", "1"), ("--data", "UCF101")]),
        (["--data.flag", "--run_dir", "x"], [("--data.flag",), ("--run_dir",), ("x",)]),
        (["--data.help", "UCF101", "--database", "x"], [("--data.help",), ("UCF101",), ("--database",), ("x",)]),
        (["--data.shift", "-1"], [("--data.shift", "-1")]),
        (["--model", "T2L"], [("--model",), ("T2L",)]),  # no section here
    ],
)
def test_options_of_files_and_sections_have_their_values(arguments: list[str], options: list[tuple[str, ...]]) -> None:
    assert list(section_options(arguments, ["data"])) == options
