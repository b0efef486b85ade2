"""Which tokenizer a model reads text with, as a hash.

The hash is of what a tokenizer does, not of its files: these are written anew when a model is shared, and otherwise by
other versions of the package tokenizers.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from open_clip.tokenizer import SimpleTokenizer

from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

# How texts are cleaned, how words are split, what stands around them, where they are cut.
_PROBES = (
    "A photo, of Ünïted (3.5) don't_do &amp; <b>! Then\n  some  more. ",
    "a person throwing a javelin, playing the accordion, somersaulting, unloading a wheelbarrow and tai chi",
    "apply eye makeup; YoYo, 日本語 щука 12345 e-mail http://x.y/z?q=1 🙂",
    "a " * 200,
)


def tokenizer_hash(tokenizer: Any) -> str | None:  # noqa: ANN401 - open_clip's tokenizers share no base class
    """SHA-256 (first 16 hex digits) of a tokenizer's vocabulary, and of its tokens of a few texts.

    Args:
        tokenizer: What `load_tokenizer` returned.

    Returns:
        None for CLIP's own, which open_clip has.
    """
    if isinstance(tokenizer, SimpleTokenizer):
        return None
    vocabulary: dict[str, int] = tokenizer.tokenizer.get_vocab()
    names = sorted(vocabulary, key=vocabulary.__getitem__)  # and not by pair, which takes three times as long
    told = [names, sorted(vocabulary.values()), tokenizer(list(_PROBES)).tolist()]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]


def check_trained_with(tokenizer: Any, trained_with: str | None, architecture: str) -> None:  # noqa: ANN401
    """Checks that a tokenizer is that of a model's training.

    Args:
        tokenizer: What `load_tokenizer` returned.
        trained_with: The `tokenizer_hash` of the training; None for CLIP's own, or where it is not recorded.
        architecture: The user's name of the model, for errors.

    Raises:
        BackboneError: It is another one.
    """
    if trained_with is not None and (own := tokenizer_hash(tokenizer)) != trained_with:
        raise BackboneError(
            f"the tokenizer of {architecture} (hash {own}) is another than in training (hash {trained_with}); give the "
            "folder of that one as --tokenizer FOLDER (model.backbone.tokenizer)"
        )
