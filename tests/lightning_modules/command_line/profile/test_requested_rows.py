from pathlib import Path

import pytest

from tests.makers.configs.shipped import CONFIGS
from zsar.lightning_modules.command_line.profile.profile_options import COMMAND
from zsar.lightning_modules.command_line.profile.requested_rows import RequestedRow, requested_rows

SHIPPED = CONFIGS / "experiment"


def rows(*line: str) -> list[RequestedRow]:
    return requested_rows(COMMAND.parse(line))


def test_files_joined_by_a_plus_are_one_row_and_the_settings_apply_to_all() -> None:
    t2l, clip = rows(
        f"{SHIPPED / 't2l_kinetics400.yaml'}+{CONFIGS / 'ablation' / 't2l_vit_b_32.yaml'}",
        str(SHIPPED / "clip_vanilla_hmdb51.yaml"),
        *("--data.clips.n_test_clips", "2"),
    )
    assert (t2l.name, clip.name) == ("t2l_kinetics400+t2l_vit_b_32", "clip_vanilla_hmdb51")
    assert (t2l.architecture, clip.architecture) == ("ViT-B-32-quickgelu", "ViT-B-16-quickgelu")
    assert [row.data_arguments["clips"]["n_frames"] for row in (t2l, clip)] == [8, 32]
    assert [row.data_arguments["clips"]["n_test_clips"] for row in (t2l, clip)] == [2, 2]
    assert t2l.config["trainer"]["precision"] == "bf16-mixed"


def test_each_number_of_frames_is_a_row_of_the_same_series_and_reaches_model_and_data() -> None:
    four, sixteen = rows(str(SHIPPED / "t2l_kinetics400.yaml"), "--n_frames", "4,16")
    assert (four.name, four.series) == ("t2l_kinetics400, 4 frames", "t2l_kinetics400")
    for row, n in ((four, 4), (sixteen, 16)):
        assert (row.model_arguments["n_frames"], row.data_arguments["clips"]["n_frames"]) == (n, n)
    assert four.config["model"]["init_args"]["n_frames"] == 8  # what was parsed is not changed


@pytest.mark.parametrize(("name", "is_localizer"), [("T2L", False), ("ZeroShotCLIP", False), ("T3AL", True)])
def test_a_model_needs_no_data(name: str, is_localizer: bool) -> None:
    (row,) = rows("--model", name)
    assert (row.name, row.has_data, row.is_localizer) == (name, False, is_localizer)


def test_the_clips_of_a_model_without_data_have_its_frames() -> None:
    (row,) = rows("--model", "T2L", "--model.n_frames", "5")
    assert row.data_arguments["clips"]["n_frames"] == 5


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ([str(CONFIGS / "data" / "ucf101.yaml")], "names no model; give an experiment that does, or --model NAME"),
        ([str(SHIPPED / "t3al_thumos14_50_50.yaml"), "--n_frames", "8"], "--n_frames is for recognizers; t3al_"),
        (["--model", "T2L", "--data", "UntrimmedShapes"], "T2L recognizes the one action of a trimmed video"),
    ],
)
def test_what_does_not_fit_together_is_refused(line: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rows(*line)


@pytest.mark.parametrize("more", [[], ["--model", "T2L"]])
def test_an_experiment_that_is_not_there_is_said_with_a_near_name(
    more: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = r"there is no experiment experiment/t2l_kinetics4000 in .*did you mean experiment/t2l_kinetics400\b"
    with pytest.raises(FileNotFoundError, match=said):
        rows("experiment/t2l_kinetics4000", *more)
