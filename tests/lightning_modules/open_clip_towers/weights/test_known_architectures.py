"""What the configs of architectures say."""

import json
from pathlib import Path

import pytest

from tests.makers.models.changed_architectures import changed_config
from zsar.lightning_modules.open_clip_towers.weights.known_architectures import (
    architecture_names,
    stated_architecture,
    visual_tower_without_weights,
)
from zsar.lightning_modules.open_clip_towers.weights.registered_architectures import open_clip_names
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

NAMES = architecture_names()


def test_all_of_open_clip_and_ours_are_known_once() -> None:
    assert {*open_clip_names(), "tiny-clip", "tiny-coca"} <= set(NAMES)
    assert len(set(NAMES)) == len(NAMES)
    assert list(NAMES) == sorted(NAMES, key=str.casefold)


@pytest.mark.parametrize(
    ("name", "visual", "tokenizer", "text_model"),
    [
        ("ViT-B-16", "open_clip ViT", "CLIP", None),
        ("RN50", "open_clip ResNet", "CLIP", None),
        ("ViT-B-16-SigLIP2", "vit_base_patch16_siglip_224", "timm/ViT-B-16-SigLIP2", None),
        ("ViT-L-14-CLIPA", "open_clip ViT", "bert-base-uncased", None),
        ("xlm-roberta-base-ViT-B-32", "open_clip ViT", "xlm-roberta-base", "xlm-roberta-base"),
    ],
)
def test_towers_and_tokenizers(name: str, visual: str, tokenizer: str, text_model: str | None) -> None:
    stated = stated_architecture(name)
    assert (stated.name, stated.visual, stated.tokenizer, stated.text_model) == (name, visual, tokenizer, text_model)


@pytest.mark.parametrize("name", NAMES)
def test_every_architecture_says_what_it_is_and_each_of_its_weights_has_one_way_of_frames(name: str) -> None:
    stated = stated_architecture(name)
    assert stated.embedding_width > 0
    assert (stated.vocabulary_size is None) == (stated.text_model is not None)
    assert sorted(tag for way in stated.frames for tag in way.tags) == sorted(stated.tags)
    assert len({(way.mean, way.std, way.resize_mode, way.interpolation) for way in stated.frames}) == len(stated.frames)
    for way in stated.frames:
        assert len(way.mean) == len(way.std) == 3
        assert way.resize_mode in ("shortest", "squash", "longest")


def test_a_config_of_one_s_own(tmp_path: Path) -> None:
    path = changed_config(tmp_path / "mine.json", text_cfg={"vocab_size": 500})
    stated = stated_architecture(str(path))
    assert (stated.name, stated.vocabulary_size, stated.tags) == (str(path), 500, ())
    assert stated.embedding_width == json.loads(path.read_text())["embed_dim"]


def test_what_is_no_architecture_is_an_error() -> None:
    with pytest.raises(BackboneError, match="no architecture 'no-such'"):
        stated_architecture("no-such")
    with pytest.raises(ValueError, match="hf-hub:a/b is no architecture but a model with weights"):
        stated_architecture("hf-hub:a/b")


def test_the_visual_tower_alone_takes_no_memory() -> None:
    tower = visual_tower_without_weights("roberta-ViT-B-32")
    assert all(parameter.is_meta for parameter in tower.parameters())
    assert sum(parameter.numel() for parameter in tower.parameters()) == 87_849_216
    assert not tower.training
