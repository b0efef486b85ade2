import re
from dataclasses import is_dataclass
from inspect import signature
from pathlib import Path

import pytest
import yaml

from tests.makers.command_line.one_line import assert_one_line_error
from tests.makers.source_tree import import_name, imports_of, subclasses_in, under
from zsar.datamodules import data_sets
from zsar.datamodules.data_sets.moving_shapes import MovingShapes
from zsar.datamodules.data_sets.untrimmed.untrimmed_files import UntrimmedFiles
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.command_line.model_kinds import (
    KINDS,
    check_command_line,
    check_groups,
    check_kinds,
    check_localizer_options,
    chosen_class,
    classes_of,
    names_of,
)
from zsar.lightning_modules.localization.frame_wise import FrameWiseCLIP
from zsar.lightning_modules.localization.localizer import ActionLocalizer
from zsar.lightning_modules.t2l.t2l import T2L
from zsar.lightning_modules.t3al.t3al import T3AL


def test_every_model_of_the_package_is_known_by_its_short_name() -> None:
    """Imported by this module itself: what a test has imported as well would be found here, but by no command."""
    there = subclasses_in(under("lightning_modules/"), ("ActionRecognizer", "ActionLocalizer"))
    assert {"T2L", "APCLIP", "FineTunedCLIP", "ZeroShotCLIP", "T3AL", "FrameWiseCLIP"} <= set(there)
    imported = set(imports_of("lightning_modules/command_line/model_kinds.py"))
    missing = {name: module for name, module in there.items() if import_name(module) not in imported}
    assert missing == {}, "import its module in lightning_modules/command_line/model_kinds.py"


def test_bases_of_data_sets_are_none_that_can_be_chosen() -> None:
    names = {kind.__name__ for base in KINDS["data"].values() for kind in classes_of(base)}
    assert names == set(data_sets.__all__)


def test_a_class_is_found_by_its_path() -> None:
    assert chosen_class("model", "zsar.lightning_modules.t3al.T3AL") is T3AL
    assert chosen_class("data", "zsar.datamodules.data_sets.MovingShapes") is MovingShapes


@pytest.mark.parametrize(
    ("section", "path", "kinds"),
    [
        ("model", "lightning.pytorch.LightningModule", "a recognizer (ActionRecognizer) nor a localizer (ActionLocali"),
        (
            "model",
            "zsar.datamodules.data_sets.MovingShapes",
            "a recognizer (ActionRecognizer) nor a localizer (ActionL",
        ),
        (
            "data",
            "zsar.lightning_modules.t3al.T3AL",
            "a data set of trimmed videos (TrimmedVideoDataModule) nor one of un",
        ),
        ("data", "json.loads", "a data set of trimmed videos (TrimmedVideoDataModule) nor one of untrimmed videos (Un"),
    ],
)
def test_a_class_of_neither_kind_is_refused(section: str, path: str, kinds: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"--{section} {path} is neither {kinds}")):
        chosen_class(section, path)


@pytest.mark.parametrize("command", ["test", "predict"])
def test_a_localizer_with_untrimmed_videos_and_a_recognizer_with_trimmed_ones_go_together(command: str) -> None:
    check_kinds(T3AL, UntrimmedFiles, command=command)
    check_kinds(T2L, MovingShapes, command=command)
    check_localizer_options(T3AL, adaptation=None, ckpt_path=None)


def test_a_recognizer_with_untrimmed_videos_is_refused() -> None:
    expected = r"T2L recognizes .* but UntrimmedFiles has untrimmed videos; .* --model FrameWiseCLIP or T3AL"
    with pytest.raises(ValueError, match=expected):
        check_kinds(T2L, UntrimmedFiles, command="fit")


def test_a_localizer_with_trimmed_videos_is_refused() -> None:
    expected = (
        r"T3AL finds actions in untrimmed videos, but MovingShapes has trimmed .*THUMOS14Untrimmed.* or ZeroShotCLIP"
    )
    with pytest.raises(ValueError, match=expected):
        check_kinds(T3AL, MovingShapes, command="test")


@pytest.mark.parametrize("command", ["fit", "validate"])
@pytest.mark.parametrize("data", [UntrimmedFiles, MovingShapes])
def test_training_a_localizer_is_refused_whatever_the_data(command: str, data: type) -> None:
    with pytest.raises(ValueError, match=f"T3AL is a localizer, .* there is nothing to {command}; use `zsar test`"):
        check_kinds(T3AL, data, command=command)


def test_options_of_recognizers_are_refused_for_a_localizer() -> None:
    with pytest.raises(ValueError, match="--adaptation tunes the prompts of a recognizer, and FrameWiseCLIP is a loca"):
        check_localizer_options(FrameWiseCLIP, adaptation="PromptTuning", ckpt_path=None)
    with pytest.raises(
        ValueError, match=r"--ckpt_path best\.ckpt: FrameWiseCLIP is a localizer.*--model\.backbone\.weights"
    ):
        check_localizer_options(FrameWiseCLIP, adaptation=None, ckpt_path="best.ckpt")


def test_a_command_line_is_checked_by_short_names_paths_and_files(tmp_path: Path) -> None:
    (tmp_path / "e.yaml").write_text(yaml.safe_dump({"model": {"class_path": "zsar.lightning_modules.t2l.T2L"}}))
    trimmed = ["--data", "zsar.datamodules.data_sets.MovingShapes"]
    with pytest.raises(ValueError, match="T3AL finds actions in untrimmed videos, but MovingShapes"):
        check_command_line(["test", "--model", "T3AL", *trimmed])
    check_command_line(["test", "--model", "T3AL", "--config", str(tmp_path / "e.yaml"), *trimmed])
    with pytest.raises(ValueError, match="T2L recognizes .* but UntrimmedFiles"):
        check_command_line(["test", "--config", str(tmp_path / "e.yaml"), "--data=UntrimmedFiles"])
    (tmp_path / "zar.yaml").write_text(yaml.safe_dump({"adaptation": {"class_path": "PromptTuning"}}))
    with pytest.raises(ValueError, match="--adaptation tunes the prompts of a recognizer, and T3AL"):
        check_command_line(["test", "--model", "T3AL", "--config", str(tmp_path / "zar.yaml")])


def test_what_a_command_line_does_not_say_or_zsar_does_not_know_is_left_to_the_parser() -> None:
    check_command_line(["fit", "--model", "T3AL", "--help"])
    check_command_line(["fit", "--model", "mine.T3AL", "--data", "MovingShapes"])
    check_command_line(["fit"])


def test_names_are_those_of_the_classes_that_one_may_choose() -> None:
    assert names_of(ActionLocalizer) == "FrameWiseCLIP or T3AL"


@pytest.mark.parametrize("value", ["[1]", "3", "0.5", "true"])
@pytest.mark.parametrize("group", ["data.clips", "data.loading", "data.split", "data.text", "model.optimization"])
def test_what_is_given_for_a_group_of_settings_must_be_one(
    group: str, value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "e.yaml").write_text(f"{group}: {value}\n")
    chosen = ["--config", "configs/experiment/moving_shapes_t2l.yaml", "--config", str(tmp_path / "e.yaml")]
    commands = {"fit": [*chosen, "--run_dir", str(tmp_path / "run")]}
    if group.startswith("data"):
        commands["doctor"] = ["--data", "MovingShapes", f"--{group}", value]
    for command, arguments in commands.items():
        status: object
        try:
            status = main([command, *arguments])
        except SystemExit as ended:
            status = ended.code
        said = capsys.readouterr().err
        assert status in (1, 2)
        assert_one_line_error(said, command, [f"--{group}"])
    assert not (tmp_path / "run").exists()


def test_every_group_of_the_data_sets_and_models_is_checked() -> None:
    for section, kinds in KINDS.items():
        for class_ in (kind for base in kinds.values() for kind in classes_of(base)):
            for name, parameter in signature(class_).parameters.items():
                if is_dataclass(parameter.default):
                    check_groups(section, class_, {name: parameter.default})
                    with pytest.raises(ValueError, match=rf"--{section}\.{name} is a group of settings"):
                        check_groups(section, class_, {name: 3})
