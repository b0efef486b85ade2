import ast
import errno
import os
import pickle
import pkgutil
import re
import tempfile
from importlib.metadata import version
from pathlib import Path

import pytest
import torch
from jsonargparse import ArgumentParser
from lightning.fabric.utilities.exceptions import MisconfigurationException

from zsar.lightning_modules.command_line.cli import COMMANDS, options_module
from zsar.lightning_modules.command_line.explained_errors import (
    LIGHTNING_COMMANDS,
    LONGEST,
    MEMORY_OF_DEVICE_FULL,
    MISCONFIGURED,
    OURS,
    explained,
    unwrapped,
)
from zsar.lightning_modules.command_line.fit_and_test.parsing_errors import options_of
from zsar.lightning_modules.command_line.model_kinds import KINDS, classes_of
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError
from zsar.lightning_modules.tensor_files.checkpoint_files import CheckpointError
from zsar.runtime.files.whole_files import whole_file

ROOT = Path(__file__).parents[3]


class Fragile:
    def __init__(self, number: int = 0) -> None:
        try:
            raise KeyError("inner")
        except KeyError as error:
            raise BackboneError(f"number {number} is too small; give 1") from error


def test_our_error_is_taken_out_of_the_parser_s_account_of_it_but_not_of_its_own_cause() -> None:
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--thing", type=Fragile | None)
    config = parser.parse_object({"thing": {"class_path": f"{__name__}.Fragile", "init_args": {"number": 0}}})
    with pytest.raises(Exception, match=r"Union subtypes|too small") as caught:
        parser.instantiate(config)
    assert isinstance(unwrapped(caught.value), BackboneError)
    assert explained(caught.value, "fit") == "number 0 is too small; give 1"


def test_an_argument_that_a_class_does_not_take_is_named() -> None:
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--thing", type=Fragile | None)
    config = parser.parse_object({"thing": {"class_path": f"{__name__}.Fragile", "dict_kwargs": {"colour": 1}}})
    with pytest.raises(Exception, match="colour") as caught:
        parser.instantiate(config)
    assert explained(caught.value, "fit") == "Fragile takes no argument 'colour'; take it out of its dict_kwargs"


@pytest.mark.parametrize(
    ("command", "remedy"),
    [("classify", "--weights FILE"), *[(c, "--model.backbone.weights FILE") for c in LIGHTNING_COMMANDS]],
)
def test_a_remedy_names_the_option_that_the_command_has(command: str, remedy: str) -> None:
    said = explained(BackboneError("no weights; give --weights FILE"), command)
    assert said == f"no weights; give {remedy}"


def full(name: str) -> OSError:
    """The error of a file that did not find room."""
    with tempfile.TemporaryDirectory() as folder, pytest.raises(OSError, match=name) as raised:  # noqa: SIM117
        with whole_file(Path(folder) / name):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return raised.value


@pytest.mark.parametrize(
    ("error", "command", "parts"),
    [
        (MisconfigurationException("No supported gpu backend found!"), "fit", ["--trainer configs/trainer/cpu.yaml"]),
        (RuntimeError("Found no NVIDIA driver on your system. Please check"), "classify", ["--device cpu"]),
        (AssertionError("Torch not compiled with CUDA enabled"), "extract", ["--device cpu"]),
        (MisconfigurationException("`max_epochs` must be -1 or more, not -5."), "fit", ["-5; `zsar fit --help.all`"]),
        (torch.OutOfMemoryError("CUDA out of memory. Tried"), "fit", ["--data.loading.batch_size", "out of memory"]),
        (torch.OutOfMemoryError("CUDA out of memory. Tried"), "test", ["--data.loading.test_batch_size"]),
        (torch.OutOfMemoryError("CUDA out of memory. Tried"), "extract", ["--batch_size"]),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/x"), "fit", ["/x: No space left", "free some space"]),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "test", ["in the run folder", "another --run_dir"]),
        (full("last.ckpt"), "fit", ["run the command again, with --ckpt_path last if the run folder holds"]),
        (full("results.json"), "test", ["run the command again"]),
        (PermissionError(errno.EACCES, "Permission denied", "/y"), "fit", ["/y: Permission denied"]),
        (FileNotFoundError("there is no list /z"), "fit", ["there is no list /z"]),
        (
            pickle.UnpicklingError("Weights only load failed. x"),
            "test",
            ["cannot be read (Weights only"],
        ),
        (RuntimeError("PytorchStreamReader failed reading"), "test", ["the checkpoint cannot be read"]),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), "summarize", ["Broken pipe"]),
        (CheckpointError("two\nlines"), "test", ["two lines"]),
        (ValueError("n must be 1 or more; got 0"), "fit", ["n must be 1 or more; got 0"]),
    ],
)
def test_what_a_user_can_act_on_is_one_line(error: Exception, command: str, parts: list[str]) -> None:
    said = explained(error, command)
    assert said is not None
    assert len(said.splitlines()) == 1
    assert len(re.findall("free some space|make room", said)) <= 1  # one remedy, whoever named it
    assert len(said) < 400
    for part in parts:
        assert part in said


@pytest.mark.parametrize("device", ["cudax", "cuda:99"])
def test_a_device_that_is_not_there_is_named(device: str) -> None:
    with pytest.raises((RuntimeError, AssertionError)) as caught:
        torch.zeros(1, device=device)
    said = explained(caught.value, "classify")
    assert said is not None
    assert "--device" in said


@pytest.mark.parametrize("error", [RuntimeError("shape"), TypeError("none"), KeyError("x"), AssertionError("y")])
def test_a_bug_is_not_explained_away(error: Exception) -> None:
    assert explained(error, "fit") is None


@pytest.mark.parametrize("path", [*OURS, MISCONFIGURED, MEMORY_OF_DEVICE_FULL])
def test_classes_of_errors_are_called_by_the_paths_that_they_have(path: str) -> None:
    kind = pkgutil.resolve_name(path)
    assert issubclass(kind, Exception)
    assert f"{kind.__module__}.{kind.__qualname__}" == path


@pytest.mark.parametrize("path", OURS)
def test_every_error_of_ours_is_for_the_user_and_its_subclasses_too(path: str) -> None:
    kind = pkgutil.resolve_name(path)
    for each in (kind, type("Special", (kind,), {})):
        assert explained(each("give another file"), "classify") == "give another file"


# --- every option that a message names exists -------------------------------------------------------------------------


def sentences(module: Path) -> list[str]:
    """The texts of all errors that a module raises, without what is put into them."""
    texts = []
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Raise) and node.exc is not None:
            parts = [each.value for each in ast.walk(node.exc) if isinstance(each, ast.Constant)]
            texts.append(" ".join(part for part in parts if isinstance(part, str)))
    return texts


def lightning_options() -> set[str]:
    classes = [(name, kind) for name, bases in KINDS.items() for base in bases.values() for kind in classes_of(base)]
    return {option for section, kind in classes for option in options_of(kind, section)}


def options_of_command(module: str | None) -> set[str]:
    """The options of a small command; none for those of Lightning."""
    if module is None:
        return set()
    parser = options_module(module).COMMAND.parser()
    return {option for action in parser._actions for option in action.option_strings}


def test_every_option_that_an_error_names_exists() -> None:
    shared = [
        path for folder in ("datamodules", "callbacks", "lightning_modules") for path in (ROOT / folder).rglob("*.py")
    ]
    small = {option for _, module in COMMANDS.values() for option in options_of_command(module)}
    for path in (ROOT / "lightning_modules" / "command_line" / "fit_and_test").glob("*.py"):
        small |= set(re.findall(r'"(--[a-z][\w-]*)"', path.read_text()))
    of_lightning = lightning_options()
    ours = {"--model", "--data", "--config", "--trainer", "--ckpt_path", "--no-suppress", "--data.help"}
    unknown = []
    for path in shared:
        for text in sentences(path):
            for option in re.findall(r"(?<![\w-])--[a-z][\w.-]*\w", text):
                known = option in small | of_lightning | ours or option.startswith(("--trainer.", "--checkpoint."))
                if not known:
                    unknown.append(f"{path.relative_to(ROOT)}: {option}")
    assert unknown == []


def test_a_missing_extra_is_named_and_another_missing_module_is_a_bug() -> None:
    said = "ONNX export needs the package onnx; pip install 'zsar[export]'"
    assert explained(ModuleNotFoundError(said), "export") == said
    assert explained(ModuleNotFoundError("No module named 'onnx'"), "export") is None


def test_packages_of_two_builds_are_named_with_their_versions() -> None:
    said = explained(RuntimeError("operator torchvision::nms does not exist"), "classify")
    assert said is not None
    assert f"torch {version('torch')} and torchvision {version('torchvision')}" in said
    assert "pip install --force-reinstall torch torchvision" in said


def test_a_message_that_quotes_a_whole_file_keeps_its_beginning_and_its_remedy() -> None:
    said = explained(ValueError(f"/a/b.json: the name {'x' * 10**6} is no name; correct it"), "classify")
    assert said is not None
    assert said.startswith("/a/b.json: the name xxx")
    assert said.endswith("is no name; correct it")
    assert len(said) < LONGEST + 100
