"""The public names of `zsar`: imported when they are used, documented and typed."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import zsar
from tests.makers.source_tree import ROOT

FUNCTIONS = [name for name in zsar.__all__ if inspect.isfunction(getattr(zsar, name))]
HEAVY = ("torch", "numpy", "lightning", "torchvision", "open_clip", "av", "matplotlib", "transformers", "wandb", "rich")


def test_importing_zsar_imports_nothing_heavy() -> None:
    code = f"import sys, zsar, zsar.api; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_tables_of_names_agree() -> None:
    assert sorted([*zsar._MODULE_OF, "__version__"]) == sorted(zsar.__all__)
    assert set(zsar.__all__) <= set(dir(zsar))


@pytest.mark.parametrize("name", zsar.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(zsar, name)
    if name != "__version__":
        assert inspect.getdoc(value)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_public_function_explains_every_argument(name: str) -> None:
    function = getattr(zsar, name)
    text = inspect.getdoc(function) or ""
    for argument in inspect.signature(function).parameters.values():
        assert f"\n    {argument.name}: " in text, argument.name
        assert argument.annotation is not inspect.Parameter.empty
    assert "\nReturns:\n" in text
    assert "\nRaises:\n" in text


def test_another_name_is_an_error_that_says_where_to_look() -> None:
    with pytest.raises(
        AttributeError, match="'zsar' has no attribute 'classifier'; its public names are in zsar.__all__"
    ):
        zsar.classifier  # noqa: B018 - the access is the test


@pytest.mark.slow
def test_users_get_types(tmp_path: Path) -> None:
    (tmp_path / "user.py").write_text(
        "import zsar\n"
        "one = zsar.classify('a.mp4', ['a', 'b'])\n"
        "many = zsar.classify(['a.mp4'], ['a', 'b'], clips=2)\n"
        "reveal_type(one)\nreveal_type(many)\nreveal_type(zsar.load())\n"
        "zsar.classify('a.mp4', ['a', 'b'], clip=2)\n"
        "reveal_type(zsar.localize('a.mp4', ['a']))\nreveal_type(zsar.localize(['a.mp4'], ['a'], stride_seconds=1.0))\n"
        "zsar.localize('a.mp4', ['a'], stride=1)\n"
    )
    command = [sys.executable, "-m", "mypy", "--no-incremental", "--follow-imports=silent", "user.py"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, env={"MYPYPATH": str(ROOT), "PATH": ""}
    )
    assert 'Revealed type is "zsar.api.answers.Classification"' in done.stdout, done.stdout + done.stderr
    assert "list[zsar.api.answers.Classification]" in done.stdout
    assert "zsar.lightning_modules.recognition.recognizer.ActionRecognizer" in done.stdout
    assert 'Unexpected keyword argument "clip"' in done.stdout
    assert 'Revealed type is "zsar.api.localization.localization.Localization"' in done.stdout
    assert "list[zsar.api.localization.localization.Localization]" in done.stdout
    assert 'Unexpected keyword argument "stride"' in done.stdout
