import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonargparse
import pytest
import torch
import yaml
from jsonargparse import _common, _loaders_dumpers
from lightning.pytorch import Callback

from tests.makers.command_line.one_line import assert_one_line_error
from zsar.lightning_modules.command_line.cli import main
from zsar.runtime.permitted_classes import (
    TRUSTED_MODULES,
    ForbiddenClassError,
    check_permitted,
    find_trusted_modules_here,
    forbidden,
    imported_kinds,
    is_permitted,
    only_permitted_classes,
    path_of,
    trusted_modules,
)

EXPERIMENT = Path(__file__).parents[3] / "configs" / "experiment" / "moving_shapes_t2l.yaml"
HOSTILE = [
    "subprocess.Popen",
    "os.system",
    "builtins.eval",
    "importlib.import_module",
    "recorder.Thing",
    "recorder.call",
]
LISTED = ("trainer.callbacks", "trainer.plugins", "trainer.logger")
PLACES = [
    *("model", "data", "adaptation", "trainer.logger", "trainer.callbacks", "trainer.plugins", "trainer.profiler"),
    *("trainer.strategy", "data.clips.views", "model.optimization"),
]


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is there once the module `recorder`, which is importable, has been imported."""
    mark = tmp_path / "imported"
    code = f"open({str(mark)!r}, 'w').close()\nclass Thing: ...\ndef call(*_): ...\n"
    (tmp_path / "recorder.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("recorder", None)
    return mark


@pytest.mark.parametrize("class_path", HOSTILE)
@pytest.mark.parametrize("place", PLACES)
def test_no_section_of_a_file_names_other_classes(
    place: str, class_path: str, mark: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named: object = {"class_path": class_path, "init_args": {"args": ["touch", str(mark)]}}
    (tmp_path / "e.yaml").write_text(yaml.safe_dump({place: [named] if place in LISTED else named}))
    with pytest.raises(SystemExit) as ended:
        main(["fit", "--config", str(EXPERIMENT), "--config", str(tmp_path / "e.yaml"), "--print_config"])
    assert ended.value.code == 2
    assert not mark.exists()
    assert "recorder" not in sys.modules
    expected = [] if place == "model.optimization" else [class_path, "may not be named"]
    assert_one_line_error(capsys.readouterr().err, "fit", expected)


@pytest.mark.parametrize("option", ["--model", "--data", "--trainer.callbacks", "--trainer.logger", "--model.help"])
@pytest.mark.parametrize("class_path", HOSTILE)
def test_no_option_names_other_classes(
    option: str, class_path: str, mark: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["test", "--config", str(EXPERIMENT), option, class_path])
    assert ended.value.code == 2
    assert not mark.exists()
    assert_one_line_error(capsys.readouterr().err, "test", [class_path, "may not be named"])


def test_a_file_that_a_value_points_to_names_no_other_class(
    mark: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logger.yaml").write_text("class_path: recorder.Thing\n")
    for arguments in (
        ["--trainer.logger", str(tmp_path / "logger.yaml")],
        ["--data.clips.views", str(tmp_path / "logger.yaml")],
    ):
        with pytest.raises(SystemExit):
            main(["fit", "--config", str(EXPERIMENT), *arguments, "--print_config"])
        assert not mark.exists()
        assert len(capsys.readouterr().err.splitlines()) == 1


def test_the_doctor_names_no_other_class(mark: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "e.yaml").write_text("data: {class_path: recorder.Thing}\n")
    for arguments in (["--data", "recorder.Thing"], ["--config", str(tmp_path / "e.yaml")]):
        with pytest.raises(SystemExit):
            main(["doctor", *arguments])
        assert not mark.exists()
        assert_one_line_error(capsys.readouterr().err, "doctor", ["recorder.Thing", "may not be named"])


@pytest.mark.parametrize(
    ("arguments", "section", "before", "now"),
    [
        (["fit", "--model"], "model", "lightning_modules.t2l.T2L", "zsar.lightning_modules.t2l.T2L"),
        (["fit", "--data"], "data", "datamodules.video_folder.VideoFolder", "zsar.datamodules.data_sets.VideoFolder"),
        (
            ["test", "--adaptation"],
            "adaptation",
            "callbacks.prompt_tuning.PromptTuning",
            "zsar.callbacks.prompt_tuning.PromptTuning",
        ),
        (
            ["test", "--data.clips.views"],
            "data.clips.views",
            "datamodules.views.AugmentedViews",
            "zsar.datamodules.views.AugmentedViews",
        ),
        (["doctor", "--data"], "data", "datamodules.ucf101.UCF101", "zsar.datamodules.data_sets.UCF101"),
    ],
)
@pytest.mark.parametrize("in_file", [True, False])
def test_a_class_path_of_before_is_told_where_the_class_is_now(
    arguments: list[str],
    section: str,
    before: str,
    now: str,
    in_file: bool,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    command, option = arguments
    (tmp_path / "old.yaml").write_text(f"{section}: {{class_path: {before}}}\n")
    old = ["--config", str(tmp_path / "old.yaml")] if in_file else [option, before]
    with pytest.raises(SystemExit) as ended:
        main([command, *old] if command == "doctor" else [command, "--config", str(EXPERIMENT), *old, "--print_config"])
    assert ended.value.code == 2
    said = f"{before} is a class path of zsar before 0.2; write {now}"
    assert_one_line_error(capsys.readouterr().err, command, [f"--{section}", said])


def test_a_package_of_one_s_own_may_be_called_as_one_of_before(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_permitted("callbacks.mine.PromptTuning")
    assert "if callbacks is your own" in forbidden("callbacks.mine.Mine")
    monkeypatch.setenv(TRUSTED_MODULES, "callbacks")
    assert is_permitted("callbacks.mine.PromptTuning")


def test_the_remedy_names_the_module_and_works(
    mark: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["fit", "--config", str(EXPERIMENT), "--trainer.callbacks", "recorder.Thing"])
    assert "export ZSAR_TRUSTED_MODULES=recorder" in capsys.readouterr().err
    monkeypatch.setenv(TRUSTED_MODULES, " other, recorder ")
    with pytest.raises(SystemExit):  # it is imported then, but is no callback
        main(["fit", "--config", str(EXPERIMENT), "--trainer.callbacks", "recorder.Thing"])
    assert mark.exists()
    assert "may not be named" not in capsys.readouterr().err


def test_one_s_own_model_and_data_are_trained_tested_and_used_where_they_are_trusted(
    tmp_path: Path, experiment: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = (
        "from zsar.datamodules.data_sets import VideoFolder\nfrom zsar.lightning_modules.t2l import T2L\n"
        "class OwnT2L(T2L): ...\nclass OwnFolder(VideoFolder): ...\n"
    )
    (tmp_path / "own_things.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    content = yaml.safe_load(experiment.read_text())
    content["model"]["class_path"], content["data"]["class_path"] = "own_things.OwnT2L", "own_things.OwnFolder"
    own = tmp_path / "own.yaml"
    own.write_text(yaml.safe_dump(content))
    best, video = tmp_path / "run/checkpoints/best.ckpt", tmp_path / "videos/red dance/0.mp4"
    classify = ["classify", str(video), "--classes", "red,blue", "--checkpoint", str(best)]
    remedy = "if own_things is your own, export ZSAR_TRUSTED_MODULES=own_things"

    def fit() -> int:
        return main(["fit", "--config", str(own), "--trainer.max_epochs", "1"])

    with pytest.raises(SystemExit):
        fit()
    assert remedy in capsys.readouterr().err
    assert "own_things" not in sys.modules
    monkeypatch.setenv(TRUSTED_MODULES, "own_things")
    assert fit() == 0
    assert main(["test", "--config", str(own), "--ckpt_path", str(best)]) == 0
    assert json.loads((tmp_path / "run/results.json").read_text())["model"]["class_path"] == "own_things.OwnT2L"
    assert main(classify) == 0
    monkeypatch.delenv(TRUSTED_MODULES)
    program = [sys.executable, "-m", "zsar", *classify]  # which has not imported it
    ended = subprocess.run(program, capture_output=True, text=True, cwd=EXPERIMENT.parents[2], check=False)
    assert ended.returncode == 1
    assert_one_line_error(ended.stderr, "classify", [str(best), "own_things.OwnT2L may not be named", "=own_things"])


@pytest.mark.parametrize(
    "class_path",
    [
        "zsar.lightning_modules.t2l.T2L",
        "zsar.datamodules.views.AugmentedViews",
        "zsar.callbacks.prompt_tuning.PromptTuning",
        "lightning.pytorch.callbacks.EarlyStopping",
        "lightning.pytorch.loggers.TensorBoardLogger",
        "torch.optim.AdamW",
    ],
)
def test_what_configurations_name_is_permitted(class_path: str) -> None:
    check_permitted(class_path)


@pytest.mark.parametrize(
    "class_path",
    ["", "T2L", ".os.system", "lightning_modules_evil.X", "lightning.pytorch.cli.os.system", "torch.load", "a b.C"],
)
def test_everything_else_is_forbidden(class_path: str) -> None:
    with pytest.raises(ForbiddenClassError, match="may not be named"):
        check_permitted(class_path)


def test_a_class_that_the_program_imported_itself_is_permitted() -> None:
    class_path = path_of(_OwnCallback)
    with pytest.raises(ForbiddenClassError):
        check_permitted(class_path)
    assert _OwnCallback in imported_kinds(Callback)
    check_permitted(class_path, imported=imported_kinds(Callback))


def test_an_entry_that_is_no_module_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TRUSTED_MODULES, "a.b,../c")
    with pytest.raises(ValueError, match=r"must list modules, such as my_package,my_models; got '\.\./c'"):
        trusted_modules()


def test_other_parsers_are_as_before_even_after_an_error() -> None:
    before, loader = dict(_common.parsing_settings), _loaders_dumpers.get_yaml_default_loader()  # type: ignore[no-untyped-call]
    with only_permitted_classes():
        assert _common.parsing_settings != before
    with pytest.raises(ForbiddenClassError), only_permitted_classes():
        check_permitted("os.system")
    assert _common.parsing_settings == before
    assert _loaders_dumpers.get_yaml_default_loader() is loader  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    "named",
    [
        *(
            "zsar.lightning_modules.command_line.cli.main",
            "zsar.datamodules.video_files.writing.copy_plan.shutil.rmtree",
            "zsar.callbacks.results.result_manifest.json.dumps",
        ),
        *(
            "lightning.pytorch.callbacks.lambda_function.Callback.setup",
            "lightning.pytorch.callbacks.timer.log.warning",
        ),
        *("torch.nn.functional.torch.load", "zsar.callbacks.os.system"),
    ],
)
def test_a_place_for_a_function_takes_none_of_a_file(
    named: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    callback = {"class_path": "lightning.pytorch.callbacks.LambdaCallback", "init_args": {"setup": named}}
    (tmp_path / "e.yaml").write_text(yaml.safe_dump({"trainer.callbacks": [callback]}))
    with pytest.raises(SystemExit) as ended:
        main(["fit", "--config", str(EXPERIMENT), "--config", str(tmp_path / "e.yaml"), "--print_config"])
    assert ended.value.code == 2
    assert_one_line_error(capsys.readouterr().err, "fit", ["--trainer.callbacks.setup"])


def test_functions_of_torch_and_of_trusted_modules_may_be_named(mark: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parser = jsonargparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("--call", type=Callable)
    monkeypatch.setenv(TRUSTED_MODULES, "recorder")
    with only_permitted_classes():
        assert parser.parse_object({"call": "torch.nn.functional.relu"}).call is torch.nn.functional.relu
        assert parser.parse_object({"call": "recorder.call"}).call is sys.modules["recorder"].call
        with pytest.raises(jsonargparse.ArgumentError):
            parser.parse_object({"call": "zsar.lightning_modules.command_line.cli.main"})


@pytest.mark.parametrize("place", [*PLACES, "trainer.accelerator"])
def test_no_file_names_a_program(place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named: object = {"class_path": "zsar.__main__.main", "init_args": {"arguments": ["--version"]}}
    (tmp_path / "e.yaml").write_text(yaml.safe_dump({place: [named] if place in LISTED else named}))
    sys.modules.pop("zsar.__main__", None)
    with pytest.raises(SystemExit) as ended:
        main(["fit", "--config", str(EXPERIMENT), "--config", str(tmp_path / "e.yaml"), "--print_config"])
    assert ended.value.code == 2
    assert "zsar.__main__" not in sys.modules
    assert_one_line_error(capsys.readouterr().err, "fit", [])
    with pytest.raises(ForbiddenClassError):
        check_permitted("zsar.__main__.main")


def test_a_module_of_zsar_is_not_said_to_be_ones_own() -> None:
    assert forbidden("zsar.lightning_modules.command_line.cli.main").endswith("; name one of those")


def test_a_re_export_is_told_by_where_its_class_is_defined() -> None:
    parser = jsonargparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("--call", type=object)
    with only_permitted_classes():
        found = parser.parse_object({"call": {"class_path": "lightning.pytorch.callbacks.timer.timedelta"}})
        assert parser.instantiate(found).call == {"class_path": "lightning.pytorch.callbacks.timer.timedelta"}


class _OwnCallback(Callback):
    """As a program that uses zsar may have it."""


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module of the user in the working folder, which, as for the program `zsar`, is not on the module path."""
    name = "own_sets_of_the_user"
    code = 'from zsar.datamodules.data_sets import VideoFolder\nclass MySet(VideoFolder):\n    """Mine."""\n'
    (tmp_path / f"{name}.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [place for place in sys.path if place])
    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setenv(TRUSTED_MODULES, name)
    return name


def test_trusted_modules_of_the_working_folder_are_found(own_module: str, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--data", f"{own_module}.MySet", "--data.train", "videos"]
    with pytest.raises(SystemExit) as ended:
        main(["fit", "--config", str(EXPERIMENT), *data, "--print_config"])
    assert ended.value.code == 0
    assert f"class_path: {own_module}.MySet" in capsys.readouterr().out


def test_the_working_folder_is_looked_in_last_and_for_trusted_modules_only(
    own_module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = list(sys.path)
    monkeypatch.setenv(TRUSTED_MODULES, "")
    find_trusted_modules_here()
    assert sys.path == before
    monkeypatch.setenv(TRUSTED_MODULES, own_module)
    for _ in range(2):
        find_trusted_modules_here()
        assert sys.path == [*before, str(tmp_path)]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("no_such_module_at_all.MySet", "ModuleNotFoundError: No module named 'no_such_module_at_all'"),
        ("own_sets_of_the_user.MySeat", "AttributeError: module 'own_sets_of_the_user' has no attribute 'MySeat'"),
    ],
)
def test_a_trusted_class_that_cannot_be_imported_says_why(
    name: str, fault: str, own_module: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(TRUSTED_MODULES, f"{own_module},no_such_module_at_all")
    with pytest.raises(SystemExit):
        main(["fit", "--config", str(EXPERIMENT), "--data", name])
    assert f"--data: {name} cannot be imported: {fault}" in capsys.readouterr().err
