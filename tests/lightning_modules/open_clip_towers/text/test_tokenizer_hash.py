"""Tests of `tokenizer_hash`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.makers.models.tiny_tokenizers import KINDS, model_config, stated_config, tokenizer_folder
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.text.open_clip_tokens import OpenClipTokens, tokens_without_weights
from zsar.lightning_modules.open_clip_towers.text.tokenizer_files import saved_files
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError


def tokens_of(config: Path, tokenizer: Path | None = None) -> OpenClipTokens:
    tokens = tokens_without_weights(str(config), tokenizer=None if tokenizer is None else str(tokenizer))
    assert tokens is not None
    return tokens


def configured(folder: Path, kind: str, **changes: Any) -> OpenClipTokens:
    config = folder / f"{kind}_{uuid4().hex[:8]}.json"  # open_clip keeps one config of a name
    tower = {**stated_config(kind), **changes}
    return tokens_of(model_config(config, tokenizer=tokenizer_folder(folder, kind), **tower))


def test_clips_own_tokenizer_has_none() -> None:
    assert OpenClipBackbone("tiny-clip", "random").text.tokenizer_hash is None


def test_each_kind_has_its_own_and_the_same_each_time(tmp_path: Path) -> None:
    hashes = {kind: configured(tmp_path, kind).tokenizer_hash for kind in KINDS}
    assert None not in hashes.values()
    assert len(set(hashes.values())) == len(KINDS)
    used = configured(tmp_path, "siglip")
    used.tokenize(["a dog runs"])  # a fast tokenizer remembers how it padded
    assert used.tokenizer_hash == hashes["siglip"]


@pytest.mark.parametrize("kind", KINDS)
def test_it_does_not_depend_on_the_folder_or_on_how_the_files_are_laid_out(kind: str, tmp_path: Path) -> None:
    first = configured(tmp_path, kind)
    saved = tmp_path / "saved"
    saved.mkdir()
    for name, content in saved_files(first._tokenizer, None, kind).items():
        (saved / name).write_text(json.dumps(json.loads(content)))  # on one line
    assert tokens_of(Path(first.architecture), saved).tokenizer_hash == first.tokenizer_hash is not None


def test_other_numbers_other_cleaning_and_another_context_are_another_tokenizer(tmp_path: Path) -> None:
    own = configured(tmp_path, "siglip2")
    variants = [
        own,
        configured(tmp_path, "siglip2", tokenizer_kwargs={"clean": "lower"}),
        configured(tmp_path, "siglip2", context_length=30),
    ]
    assert len({tokens.tokenizer_hash for tokens in variants}) == len(variants)
    folder = tmp_path / "siglip2"
    content = json.loads((folder / "tokenizer.json").read_text())
    numbers = content["model"]["vocab"]
    *_, first, second = sorted(numbers, key=numbers.get)
    numbers[first], numbers[second] = numbers[second], numbers[first]
    (folder / "tokenizer.json").write_text(json.dumps(content))
    assert tokens_of(Path(own.architecture)).tokenizer_hash != own.tokenizer_hash


def test_a_model_takes_only_the_tokenizer_of_its_training(tmp_path: Path) -> None:
    trained_with = configured(tmp_path, "siglip").tokenizer_hash
    same, other = configured(tmp_path, "siglip"), configured(tmp_path, "mt5")
    for tokens in (same, other):
        tokens.require(trained_with)
    assert same.tokenize(["a dog"]).shape == (1, 40)
    message = f"is another than in training \\(hash {trained_with}\\); give the folder of that one as --tokenizer"
    with pytest.raises(BackboneError, match=message):
        other.tokenize(["a dog"])
    loaded = configured(tmp_path, "mt5")
    loaded.tokenize(["a dog"])
    with pytest.raises(BackboneError, match=message):
        loaded.require(trained_with)
    loaded.require(None)  # of before it was recorded
    assert loaded.tokenize(["a dog"]).shape == (1, 40)
