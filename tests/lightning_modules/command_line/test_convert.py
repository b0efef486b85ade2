import json
from pathlib import Path

import pytest
import torch
import yaml
from torch.testing import assert_close

from tests.makers.models.author_checkpoints import (
    as_bike_content,
    as_open_vclip_state,
    as_t2l_state,
    as_vifi_state,
    save_vifi,
    tuned_from,
)
from zsar.lightning_modules.bike.bike import BIKE
from zsar.lightning_modules.clip.clip import FineTunedCLIP, ZeroShotCLIP
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings, TrainedClipSettings
from zsar.lightning_modules.recognition.loading import load_recognizer
from zsar.lightning_modules.t2l.t2l import T2L

Printed = pytest.CaptureFixture[str]


@pytest.fixture
def released(tmp_path: Path) -> tuple[Path, T2L]:
    model = T2L(backbone=TrainedClipSettings("tiny-clip", "random"), n_frames=4, temporal_token_std=0.5).eval()
    path = tmp_path / "best.pt"
    torch.save({"epoch": 2, "model_state_dict": as_t2l_state(model), "optimizer_state_dict": {}}, path)
    return path, model


@pytest.fixture
def vifi(tmp_path: Path, tiny_weights: Path) -> Path:
    return save_vifi(tmp_path / "vifi.pth", as_vifi_state(tuned_from(tiny_weights)))


def convert(*arguments: object) -> int:
    return main(["convert", *map(str, arguments), "--architecture", "tiny-clip"])


# --- T2L --------------------------------------------------------------------------------------------------------------


def test_a_converted_checkpoint_needs_nothing_else(released: tuple[Path, T2L], capsys: Printed) -> None:
    path, model = released
    assert convert(path) == 0
    printed = capsys.readouterr().out
    assert "T2L: tiny-clip, 4 frames, " in printed
    output = path.with_name("best.zsar.ckpt")
    assert str(output) in printed
    assert {p.name for p in path.parent.iterdir()} == {"best.pt", output.name, "best.zsar.backbone.safetensors"}
    loaded = load_recognizer(output)
    video = torch.randint(256, (1, 1, 4, 3, 32, 32), dtype=torch.uint8)
    assert_close(loaded.embed_views(video), model.embed_views(video))
    names = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert set(torch.load(output, weights_only=True)["state_dict"]) == names


def test_files_that_are_there_are_kept_unless_forced(released: tuple[Path, T2L], capsys: Printed) -> None:
    path, _ = released
    output, backbone = path.with_name("x.ckpt"), path.with_name("x.backbone.safetensors")
    for precious in (output, backbone):
        precious.write_bytes(b"precious")
        assert convert(path, "--output", output) == 1
        assert f"{precious.name} is there already" in capsys.readouterr().err
        assert precious.read_bytes() == b"precious"
        output.unlink(missing_ok=True)
    assert convert(path, "--output", output, "--force") == 0
    assert load_recognizer(output).trained_on is None


def test_weights_are_not_asked_for_where_the_file_holds_them(released: tuple[Path, T2L], capsys: Printed) -> None:
    assert convert(released[0], "--weights", "openai") == 1
    assert "best.pt is T2L's and holds CLIP's weights; leave --weights out" in capsys.readouterr().err


def test_a_wrong_file_is_explained(tmp_path: Path, capsys: Printed) -> None:
    torch.save({"config": 1}, tmp_path / "vifi.pth")
    assert convert(tmp_path / "vifi.pth") == 1
    assert "vifi.pth is not a checkpoint that can be imported" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [tmp_path / "vifi.pth"]


# --- ViFi-CLIP --------------------------------------------------------------------------------------------------------


def test_vifi_clip_becomes_a_checkpoint_on_the_original_clip(vifi: Path, tiny_weights: Path, capsys: Printed) -> None:
    output = vifi.with_name("x.ckpt")
    assert convert(vifi, "--output", output, "--weights", tiny_weights) == 0
    printed = capsys.readouterr().out
    assert "ViFi-CLIP: tiny-clip, " in printed
    assert f"wrote {output}" in printed
    assert {p.name for p in vifi.parent.iterdir()} == {"vifi.pth", "x.ckpt"}
    content = torch.load(output, weights_only=True)
    original = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", str(tiny_weights)))
    assert content["zsar"]["backbone_hash"] == original.backbone.weights_hash
    assert content["zsar"]["init_args"]["backbone"]["weights"] == str(tiny_weights)
    assert content["zsar"]["init_args"]["backbone"]["frame_statistics"] == "imagenet"
    assert "--model.backbone.frame_statistics imagenet" in printed
    names = {name for name, _ in original.named_parameters()} - {"backbone.clip.token_embedding.weight"}
    assert set(content["state_dict"]) == names


def test_vifi_clip_without_the_original_clip_says_how_to_get_it(vifi: Path, capsys: Printed) -> None:
    assert main(["convert", str(vifi), "--architecture", "tiny-clip"]) == 1
    complaint = capsys.readouterr().err
    assert "weights='openai' is neither a file nor an open_clip tag of tiny-clip" in complaint
    assert list(vifi.parent.iterdir()) == [vifi]


def test_classify_reads_a_converted_vifi_clip(
    vifi: Path, tiny_weights: Path, video_tree: Path, capsys: Printed
) -> None:
    output = vifi.with_name("x.ckpt")
    assert convert(vifi, "--output", output, "--weights", tiny_weights) == 0
    tuned = FineTunedCLIP.load_author_checkpoint(vifi, architecture="tiny-clip", weights=str(tiny_weights))
    as_weights = vifi.with_name("tuned.pt")
    torch.save(tuned.backbone.clip.state_dict(), as_weights)
    with_clips = vifi.with_name("with_clips_statistics.ckpt")
    content = torch.load(output, weights_only=True)
    content["zsar"]["init_args"]["backbone"]["frame_statistics"] = "model"
    del content["zsar"]["frames"]
    torch.save(content, with_clips)
    answers = []
    as_clip = ["--architecture", "tiny-clip", "--weights", as_weights]
    for model in (["--checkpoint", output], ["--checkpoint", with_clips], as_clip):
        capsys.readouterr()
        arguments = ["classify", video_tree / "red dance" / "0.mp4", "--classes", "red,blue", "--json", *model]
        assert main(list(map(str, arguments))) == 0
        answers.append(json.loads(capsys.readouterr().out)[0]["probabilities"])
    assert answers[1] == pytest.approx(answers[2], abs=1e-5)
    assert answers[0] != pytest.approx(answers[2], abs=1e-4)  # with ImageNet's statistics, as the authors have it


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_test_reads_a_converted_vifi_clip_and_mixes_it_with_the_original(
    vifi: Path, tiny_weights: Path, experiment: Path, share: float
) -> None:
    output = vifi.with_name("x.ckpt")
    assert convert(vifi, "--output", output, "--weights", tiny_weights) == 0
    tuned = torch.load(output, weights_only=True)["state_dict"]
    original = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", str(tiny_weights))).state_dict()
    mixed = {k.removeprefix("backbone.clip."): torch.lerp(v, tuned.get(k, v), share) for k, v in original.items()}
    torch.save(mixed, vifi.with_name("mixed.pt"))
    results = []
    for name, weights, model, options in (
        ("FineTunedCLIP", tiny_weights, {"tuned_share": share}, ["--ckpt_path", str(output)]),
        ("ZeroShotCLIP", vifi.with_name("mixed.pt"), {}, []),
    ):
        backbone = {"architecture": "tiny-clip", "weights": str(weights), "frame_statistics": "imagenet"}
        common = {"backbone": backbone, "scoring": {"prompt_ensemble": "probability"}}
        content = yaml.safe_load(experiment.read_text())
        content["model"] = {"class_path": f"zsar.lightning_modules.clip.clip.{name}", "init_args": {**common, **model}}
        content["run_dir"] = str(vifi.with_name(name))
        experiment.write_text(yaml.safe_dump(content))
        assert main(["test", "--config", str(experiment), *options]) == 0
        written = json.loads((vifi.with_name(name) / "results.json").read_text())
        results.append(written["sets"]["test"]["cross_entropy"])
        assert written["test"]["frame_statistics"] == "imagenet"
    assert results[0] == pytest.approx(results[1], abs=1e-5)


# --- BIKE -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n_head_layers", [6, 0])
def test_bike_becomes_a_checkpoint_that_needs_nothing_else(tmp_path: Path, capsys: Printed, n_head_layers: int) -> None:
    torch.manual_seed(0)
    model = BIKE(backbone=TrainedClipSettings("tiny-clip", "random"), n_head_layers=n_head_layers).eval()
    path = tmp_path / "k400.pt"
    torch.save(as_bike_content(model), path)
    assert convert(path) == 0
    shown = f"a video head of {n_head_layers} layers" if n_head_layers else "no video head"
    printed = capsys.readouterr().out
    assert f"BIKE: tiny-clip, {shown}, " in printed
    assert "--template 'This is a video about {}'" in printed
    loaded = load_recognizer(tmp_path / "k400.zsar.ckpt")
    assert f"`zsar test` needs --model.backbone.weights {loaded.hparams['backbone'].weights}" in printed
    assert isinstance(loaded, BIKE)
    assert_close(loaded.state_dict(), model.state_dict(), rtol=0, atol=0)


# --- Open-VCLIP -------------------------------------------------------------------------------------------------------


def test_open_vclip_becomes_a_checkpoint_that_is_mixed_with_the_original_clip(
    tmp_path: Path, tiny_weights: Path, video_tree: Path, capsys: Printed
) -> None:
    released, output = tmp_path / "swa_2_22.pth", tmp_path / "x.ckpt"
    state = as_open_vclip_state(tiny_weights)
    torch.save({"model_state": state}, released)
    assert convert(released, "--output", output, "--weights", tiny_weights) == 0
    printed = capsys.readouterr().out
    assert "Open-VCLIP: tiny-clip, " in printed
    assert "0.5 of these weights are mixed with 0.5 of CLIP's" in printed
    assert "--model.tuned_share 0.5" in printed
    loaded = load_recognizer(output)
    original = ZeroShotCLIP(backbone=ClipSettings("tiny-clip", str(tiny_weights))).backbone.clip
    mixed = torch.lerp(original.visual.proj, state["model.visual.proj"], 0.5)
    assert_close(loaded.backbone.clip.visual.proj, mixed)
    assert torch.equal(loaded.backbone.clip.text_projection, original.text_projection)
    for file, remedy in ((released, f"zsar convert {released}"), (output, "--checkpoint")):
        video = video_tree / "red dance" / "0.mp4"
        as_clip = ["classify", video, "--classes", "red,blue", "--architecture", "tiny-clip", "--weights", file]
        assert main(list(map(str, as_clip))) == 1
        assert remedy in capsys.readouterr().err
