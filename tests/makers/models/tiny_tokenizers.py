"""Tiny tokenizers of the package transformers, of each kind that open_clip's models read text with, as folders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

LINES = [
    "a photo of a person playing guitar.",
    "an action of riding a horse in a field, and a video of a dog",
    "one two three: a man walks, jumps. He runs with the ball; she throws it!",
    "surfing swimming playing chess brushing teeth archery running",
]
ARCHITECTURE_OF = {
    "siglip": "ViT-B-16-SigLIP",
    "siglip2": "ViT-B-16-SigLIP2",
    "clipa": "ViT-L-14-CLIPA",
    "xlm_v": "ViT-H-14-worldwide",
    "mt5": "ViT-L-14-worldwide",
    "roberta": "roberta-ViT-B-32",
    "nllb": "nllb-clip-base",
}
"""Kind -> a model of open_clip that has such a tokenizer."""
KINDS = tuple(ARCHITECTURE_OF)


def tokenizer_folder(folder: Path, kind: str) -> Path:
    """Trains a tokenizer of a kind on a few lines and writes its files.

    Args:
        folder: Where a folder named after the kind is made.
        kind: One of `KINDS`.
    """
    from transformers import PreTrainedTokenizerFast

    tokenizer, roles = _made(kind)
    target = folder / kind
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **roles).save_pretrained(target)
    return target


@lru_cache
def _made(kind: str) -> tuple[Tokenizer, dict[str, str]]:
    return _MADE[kind]()


def stated_config(kind: str, **changes: Any) -> dict[str, Any]:
    """The tokenizer's part of the `text_cfg` of open_clip's model with such a tokenizer, without a folder."""
    kwargs = {
        "siglip": {"clean": "canonicalize"},
        "siglip2": {"clean": "canonicalize"},
        "mt5": {"clean": "canonicalize"},
    }
    stated = {**kwargs, "clipa": {"strip_sep_token": True}}.get(kind, {})
    return {"hf_tokenizer_name": f"nobody/{kind}", **({"tokenizer_kwargs": stated} if stated else {}), **changes}


def model_config(path: Path, *, tokenizer: Path | str | None = None, **text: Any) -> Path:
    """Writes the config of a tiny CLIP with a text tower.

    Args:
        path: The JSON file.
        tokenizer: The folder that it names; None for the one that `text` states.
        **text: Further settings of `text_cfg`.
    """
    tower = {"context_length": 40, "vocab_size": 600, "width": 32, "heads": 2, "layers": 2, **text}
    if tokenizer is not None:
        tower["hf_tokenizer_name"] = str(tokenizer)
    vision = {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16}
    path.write_text(json.dumps({"embed_dim": 16, "custom_text": True, "vision_cfg": vision, "text_cfg": tower}))
    return path


def _unigram(before: list[str], after: list[str], special: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=200, show_progress=False, special_tokens=special, unk_token="<unk>")
    tokenizer.train_from_iterator(_lines(), trainer)
    _around(tokenizer, before, after)
    return tokenizer


def _siglip() -> tuple[Tokenizer, dict[str, str]]:
    """T5's vocabulary as SigLIP has it: padding is the end token."""
    tokenizer = _unigram([], ["</s>"], ["<unk>", "</s>"])
    return tokenizer, {"pad_token": "</s>", "eos_token": "</s>", "unk_token": "<unk>"}


def _mt5() -> tuple[Tokenizer, dict[str, str]]:
    tokenizer = _unigram([], ["</s>"], ["<pad>", "</s>", "<unk>"])
    return tokenizer, {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}


def _xlm_v() -> tuple[Tokenizer, dict[str, str]]:
    tokenizer = _unigram(["<s>"], ["</s>"], ["<s>", "<pad>", "</s>", "<unk>"])
    return tokenizer, {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}


def _nllb() -> tuple[Tokenizer, dict[str, str]]:
    tokenizer = _unigram(["eng_Latn"], ["</s>"], ["<s>", "<pad>", "</s>", "<unk>", "eng_Latn"])
    return tokenizer, {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}


def _siglip2() -> tuple[Tokenizer, dict[str, str]]:
    """Gemma's: merges over whole lines, and a word at the beginning is another token than after others."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=False))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    special = ["<pad>", "<eos>", "<bos>", "<unk>"]
    tokenizer.train_from_iterator(
        _lines(), trainers.BpeTrainer(vocab_size=200, show_progress=False, special_tokens=special)
    )
    _around(tokenizer, [], ["<eos>"])
    return tokenizer, {"pad_token": "<pad>", "eos_token": "<eos>", "unk_token": "<unk>"}


def _clipa() -> tuple[Tokenizer, dict[str, str]]:
    """BERT's: lower case, pieces of words."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer.train_from_iterator(
        _lines(), trainers.WordPieceTrainer(vocab_size=200, show_progress=False, special_tokens=special)
    )
    _around(tokenizer, ["[CLS]"], ["[SEP]"])
    return tokenizer, {"pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "unk_token": "[UNK]"}


def _roberta() -> tuple[Tokenizer, dict[str, str]]:
    """Bytes: a word at the beginning is another token than after others."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, show_progress=False, special_tokens=special, initial_alphabet=alphabet
    )
    tokenizer.train_from_iterator(_lines(), trainer)
    _around(tokenizer, ["<s>"], ["</s>"])
    return tokenizer, {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "sep_token": "</s>"}


_MADE = {
    "siglip": _siglip,
    "siglip2": _siglip2,
    "clipa": _clipa,
    "xlm_v": _xlm_v,
    "mt5": _mt5,
    "roberta": _roberta,
    "nllb": _nllb,
}


def _around(tokenizer: Tokenizer, before: list[str], after: list[str]) -> None:
    tokenizer.post_processor = processors.TemplateProcessing(
        single=" ".join([*before, "$A", *after]),
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in {*before, *after}],
    )


def _lines() -> Iterator[str]:
    for _ in range(20):
        yield from LINES
