import json
from pathlib import Path

import pytest

from zsar.lightning_modules.command_line.cli import main

pytest.importorskip("onnxruntime")
NAMES = ("--classes", "red dance, blue dance")


def tiny(weights: Path) -> list[str]:
    return ["--architecture", "tiny-clip", "--weights", str(weights)]


@pytest.mark.slow
def test_the_command_writes_a_file_and_says_what_goes_in_and_out(
    tmp_path: Path, tiny_weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "model.onnx"
    assert main(["export", *NAMES, *tiny(tiny_weights), "--output", str(output)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    for text in ("opset 18, 2 classes", "uint8 RGB [B, 1, 8, 3, 32, 32]", "largest difference from PyTorch"):
        assert text in said
    assert main(["export", *NAMES, *tiny(tiny_weights), "--output", str(output)]) == 1
    assert "is there already; give another --output, or --force" in capsys.readouterr().err
    arguments = ["export", *NAMES, *tiny(tiny_weights), "--output", str(output), "--force", "--json", "--frames", "4"]
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["n_frames"] == 4


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([*NAMES, "--output", "model.pt"], "ends in .onnx"),
        (["--classes", "red dance", "--output", "model.onnx"], "at least 2 class names"),
        ([*NAMES, "--output", "model.onnx", "--checkpoint", "gone.ckpt"], "gone.ckpt"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    arguments: list[str],
    problem: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["export", *arguments]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert problem in line
    assert list(tmp_path.iterdir()) == []
