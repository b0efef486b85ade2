"""`zsar models --check`."""

import json
from pathlib import Path

import pytest

from tests.makers.models.changed_architectures import changed_config
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.command_line.models.method_names import METHODS
from zsar.lightning_modules.command_line.models.trials import supported_methods
from zsar.lightning_modules.command_line.models.trials.tried_clip import TriedClip

QUICK = ("--methods", "zero_shot", "--methods", "captions")


@pytest.mark.slow
def test_two_models_are_checked_with_their_size_and_the_reasons(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = changed_config(tmp_path / "own.json", vision_cfg={"layers": 1})
    assert main(["models", "--check", "tiny-clip", "--check", str(config), *QUICK]) == 0
    said = capsys.readouterr()
    assert "tiny-clip: 3.6 M parameters, about 0.0 GB of memory" in said.err
    assert f"{config}: 3.4 M parameters" in said.err
    assert said.out.count("ZeroShotCLIP") == 2
    assert said.out.count("refused") == 2
    assert "writes no captions" in said.out
    assert "T2L" not in said.out


def test_a_method_that_fails_is_exit_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: TriedClip) -> None:
        raise IndexError("broken")

    monkeypatch.setattr(supported_methods, "TRIALS", {**supported_methods.TRIALS, "captions": fail})
    assert main(["models", "--check", "tiny-clip", *QUICK]) == 1
    said = capsys.readouterr().out
    assert "FAILED" in said
    assert "IndexError: broken" in said


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--check", "tiny-clip", "--json", *QUICK]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["tiny-clip"]
    assert found["tiny-clip"]["zero_shot"] == {"result": "yes", "reason": ""}
    assert found["tiny-clip"]["captions"]["result"] == "no"


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("ViT-bigG-14", ["ViT-bigG-14 with ", "needs about 4", " GB of memory, but ", "--methods zero_shot"]),
        ("no-such-model", ["no architecture 'no-such-model'"]),
    ],
)
def test_a_model_too_large_is_refused_before_it_is_built(
    capsys: pytest.CaptureFixture[str], name: str, parts: list[str]
) -> None:
    methods = [part for method in METHODS for part in ("--methods", method)]
    assert main(["models", "--check", name, "--max_memory", "8", *methods]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[-1].startswith("zsar models: error: ")
    assert [part for part in parts if part not in said[-1]] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tiny-clip", "tiny-coca", "tiny-siglip", "tiny-pe", "tiny-eva"])
def test_each_family_s_tiny_model_is_checked_with_every_method(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--check", name, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)[name]
    assert list(found)
    assert set(found) == set(METHODS)
    assert found["zero_shot"]["result"] == found["fine_tuned"]["result"] == "yes"
