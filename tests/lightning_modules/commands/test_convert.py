from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from lightning_modules.checkpoints import load_recognizer
from lightning_modules.cli import main
from lightning_modules.t2l import T2L
from tests.lightning_modules.test_t2l import as_author_state


@pytest.fixture
def released(tmp_path: Path) -> tuple[Path, T2L]:
    model = T2L(architecture="tiny-clip", weights="random", n_frames=4, temporal_token_std=0.5).eval()
    path = tmp_path / "best.pt"
    torch.save({"epoch": 2, "model_state_dict": as_author_state(model), "optimizer_state_dict": {}}, path)
    return path, model


def convert(*arguments: object) -> int:
    return main(["convert", *map(str, arguments), "--architecture", "tiny-clip"])


def test_a_converted_checkpoint_needs_nothing_else(
    released: tuple[Path, T2L], capsys: pytest.CaptureFixture[str]
) -> None:
    path, model = released
    assert convert(path) == 0
    printed = capsys.readouterr().out
    assert "tiny-clip, 4 frames, " in printed
    output = path.with_name("best.zsar.ckpt")
    assert str(output) in printed
    loaded = load_recognizer(output)
    video = torch.randint(256, (1, 1, 4, 3, 32, 32), dtype=torch.uint8)
    assert_close(loaded.embed_views(video), model.embed_views(video))
    names = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert set(torch.load(output, weights_only=True)["state_dict"]) == names


def test_files_that_are_there_are_kept_unless_forced(
    released: tuple[Path, T2L], capsys: pytest.CaptureFixture[str]
) -> None:
    path, _ = released
    output = path.with_name("x.ckpt")
    output.write_bytes(b"precious")
    assert convert(path, "--output", output) == 1
    assert "x.ckpt is there already" in capsys.readouterr().err
    assert output.read_bytes() == b"precious"
    assert convert(path, "--output", output, "--force") == 0
    assert load_recognizer(output).trained_on is None


def test_a_wrong_file_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"config": 1}, tmp_path / "vifi.pth")
    assert convert(tmp_path / "vifi.pth") == 1
    assert "no 'model_state_dict'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [tmp_path / "vifi.pth"]
