"""`zsar pretrain-tiny`: what it writes, and when it trains again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
import torch

from zsar.lightning_modules.command_line import pretrain_tiny
from zsar.lightning_modules.command_line.pretrain_tiny import run
from zsar.lightning_modules.command_line.pretrain_tiny_options import COMMAND, PretrainTinyOptions
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights.registered_architectures import INCLUDED

FAST = ["--steps", "3", "--clips", "64"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights file written by the command; tests that change it copy it first."""
    output = tmp_path_factory.mktemp("tiny") / "seed0.pt"
    assert run(COMMAND.parse(["--output", str(output), *FAST])) == 0
    return output


@pytest.fixture(scope="module")
def trained_coca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of the tiny CoCa, where the command writes them by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pretrain_tiny, "_BACKGROUND_VIDEOS_OF_COCA", 2)
        patch.chdir(tmp_path_factory.mktemp("coca"))
        assert run(COMMAND.parse(["--architecture", "tiny-coca", "--seed", "1", *FAST])) == 0
        return Path("runs/tiny_coca/seed1.pt").resolve()


@pytest.fixture
def copy(trained: Path, tmp_path: Path) -> Path:
    for path in (trained, trained.with_suffix(".json")):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path / trained.name


def test_the_output_is_a_weights_file_of_the_tiny_clip(trained: Path) -> None:
    description = json.loads(trained.with_suffix(".json").read_text())
    assert OpenClipBackbone("tiny-clip", str(trained)).weights_hash == description["weights_hash"]
    assert sorted(p.name for p in trained.parent.iterdir()) == ["seed0.json", "seed0.pt"]


def test_the_description_holds_settings_and_probes(trained: Path) -> None:
    description = json.loads(trained.with_suffix(".json").read_text())
    assert description["settings"]["n_batches"] == 3
    assert description["settings"]["architecture"]["embed_dim"] == 64
    assert list(description["probes"]) == ["object", "left or right", "top or bottom", "direction"]
    assert description["probes"]["direction"] == 0.5


def test_a_second_call_does_nothing_but_show_the_figures(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = copy.stat().st_mtime_ns
    assert run(COMMAND.parse(["--output", str(copy), *FAST])) == 0
    printed = capsys.readouterr().out
    assert "nothing to do" in printed
    assert "left or right" in printed
    assert copy.stat().st_mtime_ns == before


def test_other_settings_are_refused_and_named(copy: Path) -> None:
    with pytest.raises(ValueError, match=r"n_batches: 3 there, 4 now.*--force"):
        run(COMMAND.parse(["--output", str(copy), "--steps", "4", "--clips", "64"]))


def test_weights_without_a_description_are_refused(copy: Path) -> None:
    copy.with_suffix(".json").unlink()
    with pytest.raises(ValueError, match=r"how it was trained is unknown.*--force"):
        run(COMMAND.parse(["--output", str(copy), *FAST]))


def test_weights_that_are_not_those_described_are_refused(copy: Path) -> None:
    torch.save(OpenClipBackbone("tiny-clip", "random").clip.state_dict(), copy)
    with pytest.raises(ValueError, match=r"holds the weights .* describes .*--force"):
        run(COMMAND.parse(["--output", str(copy), *FAST]))


def test_force_trains_again_with_the_same_result(copy: Path) -> None:
    before = OpenClipBackbone("tiny-clip", str(copy)).weights_hash
    copy.write_bytes(b"")
    assert run(COMMAND.parse(["--output", str(copy), *FAST, "--force"])) == 0
    assert OpenClipBackbone("tiny-clip", str(copy)).weights_hash == before


def test_help_says_where_the_weights_go(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(COMMAND.parse(["--help"]))
    printed = capsys.readouterr().out
    assert "runs/tiny_clip/seedSEED.pt" in printed
    assert "runs/tiny_coca/seedSEED.pt" in printed


def test_the_tiny_coca_loads_and_is_described_with_what_only_it_has(trained_coca: Path) -> None:
    description = json.loads(trained_coca.with_suffix(".json").read_text())
    assert OpenClipBackbone("tiny-coca", str(trained_coca)).weights_hash == description["weights_hash"]
    assert description["settings"]["captioning_weight"] == 2
    assert description["settings"]["captions_per_batch"] == 8
    assert description["settings"]["n_background_videos"] == 2
    assert "multimodal_cfg" in description["settings"]["architecture"]
    assert list(description["probes"])[-2:] == ["caption of an object", "caption of background"]


def test_the_settings_of_the_tiny_clip_are_those_that_older_weights_are_described_with(trained: Path) -> None:
    names = """seed n_clips frames_per_clip n_probe_clips n_batches batch_size position_share moving_share architecture
        learning_rate weight_decay squared_gradient_decay position_embedding_scale token_embedding_scale gradient_clip
        frames_and_captions"""
    assert set(json.loads(trained.with_suffix(".json").read_text())["settings"]) == set(names.split())


def test_weights_of_the_other_architecture_are_refused(copy: Path) -> None:
    with pytest.raises(ValueError, match=r"captioning_weight: None there, 2.0 now.*--force"):
        run(COMMAND.parse(["--architecture", "tiny-coca", "--output", str(copy), *FAST]))


def test_the_table_says_which_model_it_is_about(
    trained_coca: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pretrain_tiny, "_BACKGROUND_VIDEOS_OF_COCA", 2)
    run(COMMAND.parse(["--architecture", "tiny-coca", "--seed", "1", "--output", str(trained_coca), *FAST]))
    printed = capsys.readouterr().out
    assert "nothing to do" in printed
    assert "What the tiny CoCa knows" in printed
    assert "caption of background" in printed


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["tiny-siglip", "tiny-pe", "tiny-eva"])
def test_tiny_models_with_towers_of_timm_are_trained_too(
    architecture: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(COMMAND.parse(["--architecture", architecture, *FAST])) == 0
    weights = tmp_path / "runs" / architecture.replace("-", "_") / "seed0.pt"
    description = json.loads(weights.with_suffix(".json").read_text())
    assert OpenClipBackbone(architecture, str(weights)).weights_hash == description["weights_hash"]
    assert description["settings"]["architecture"]["preprocess_cfg"]["mean"]  # its frames are part of what it is
    capsys.readouterr()
    assert run(COMMAND.parse(["--architecture", architecture, *FAST])) == 0
    printed = capsys.readouterr().out
    assert "nothing to do" in printed
    assert f"What the tiny {architecture.removeprefix('tiny-')} knows".lower() in printed.lower()


def test_every_included_architecture_can_be_trained() -> None:
    offered = get_args(get_type_hints(PretrainTinyOptions)["architecture"])
    assert sorted(offered) == sorted(path.stem for path in INCLUDED.glob("*.json"))
    assert set(pretrain_tiny._SPOKEN) == set(offered)
