"""Rows of the table, computed."""

import json
from pathlib import Path

import pytest
import torch

from tests.makers.models.changed_architectures import changed_config
from tests.makers.models.timm_towers import timm_config
from zsar.lightning_modules.command_line.models.computed_rows import computed_row
from zsar.lightning_modules.command_line.models.method_names import METHODS
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

L, W = 17, 96  # tokens of a frame of tiny-clip, and their width


def test_a_small_model_by_hand() -> None:
    row = computed_row("tiny-clip", ())
    block = 2 * 2 * W + (W * 3 * W + 3 * W) + (W * W + W) + (W * 4 * W + 4 * W) + (4 * W * W + W)
    assert row.parameters_visual == 3 * block + 8 * 8 * 3 * W + W + L * W + 2 * 2 * W + W * 64
    products = L * W * 3 * W + 2 * L * L * W + L * W * W + 2 * L * W * 4 * W  # of a block, in multiply-adds
    assert row.gflops_per_frame == round(2 * (3 * products + 16 * 8 * 8 * 3 * W + W * 64) / 1e9, 6)
    assert (row.image_size, row.patch_size) == ((32, 32), (8, 8))
    assert (row.embedding_width, row.context_length, row.tokenizer) == (64, 16, "CLIP")
    assert (row.visual, row.text_model, row.tags) == ("open_clip ViT", None, ())
    assert row.methods == dict.fromkeys(METHODS, "unknown")


def test_parameters_are_those_of_the_built_model(tmp_path: Path) -> None:
    path = str(timm_config(tmp_path, model="test_vit"))
    row, clip = computed_row(path, ()), OpenClipBackbone(path, "random").clip
    assert row.parameters == sum(parameter.numel() for parameter in clip.parameters())
    assert row.parameters_visual == sum(parameter.numel() for parameter in clip.visual.parameters())
    assert row.visual == "test_vit"


def test_a_text_tower_that_is_defined_elsewhere_is_unknown_and_never_guessed() -> None:
    row = computed_row("roberta-ViT-B-32")
    assert (row.parameters, row.parameters_text, row.context_length) == (None, None, None)
    assert row.parameters_visual == computed_row("ViT-B-32", ()).parameters_visual
    assert row.text_model == "roberta-base"
    assert set(row.methods.values()) == {"unknown"}
    assert all("files of roberta-base on Hugging Face" in reason for reason in row.reasons.values())


def test_frames_of_published_weights_are_told_apart() -> None:
    (way,) = computed_row("ViT-B-16-SigLIP2", ()).frames
    assert (way["mean"], way["std"], way["resize_mode"]) == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5), "squash")
    ways = computed_row("ViT-L-14", ()).frames
    assert len(ways) > 1
    tags = [tag for way in ways for tag in way["tags"]]
    assert sorted(tags) == sorted(computed_row("ViT-L-14", ()).tags)


def test_a_config_that_cannot_be_built_is_an_error(tmp_path: Path) -> None:
    path = changed_config(tmp_path / "wrong.json", vision_cfg={"head_width": 7})
    with pytest.raises(BackboneError, match="cannot be built"):
        computed_row(str(path))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "total", "visual", "gflops"),
    [  # docs/model_profile.csv of open_clip, by another counter: millions of parameters, GFLOPs of a picture
        ("ViT-B-32", 151.28, 87.85, 8.82),
        ("ViT-B-16", 149.62, 86.19, 35.13),
        ("ViT-L-14", 427.62, 303.97, 162.03),
        ("RN50", 102.01, 38.32, 12.22),
        ("coca_ViT-B-32", 253.56, 89.16, 9.19),
        ("convnext_base", 151.52, 88.09, 30.71),
        ("swin_base_patch4_window7_224", 178.56, 87.4, 30.86),
        ("EVA02-B-16", 149.69, 86.26, 35.13),
        ("ViT-B-16-SigLIP", 203.16, 92.88, 35.42),
        ("ViT-bigG-14", 2539.57, 1844.91, 967.5),
    ],
)
def test_as_open_clip_s_own_table(name: str, total: float, visual: float, gflops: float) -> None:
    row = computed_row(name, ())
    assert row.parameters is not None
    assert round(row.parameters / 1e6, 2) == total
    assert round(row.parameters_visual / 1e6, 2) == visual
    assert row.gflops_per_frame == pytest.approx(gflops, rel=2e-3)


@pytest.mark.slow
def test_the_largest_architecture_takes_no_memory() -> None:
    before = torch.get_default_device()
    row = computed_row("EVA02-E-14-plus", ("t2l",))
    assert row.parameters is not None
    assert row.parameters > 5e9
    assert torch.get_default_device() == before
    assert json.dumps(row.to_dict())
