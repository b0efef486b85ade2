"""Captions of frames by CoCa (Yu et al. 2022), as open_clip generates them, cleaned of all that is not text.

open_clip searches for them with classes of the package transformers, which later versions of it no longer have. It is
an optional dependency of zsar: whether it is there, and of a version that serves, is checked in words of our own.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import open_clip
import torch
from open_clip import coca_model
from open_clip.transformer import TextTransformer
from torch import Tensor

from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.weight_files import BackboneError

Generation: TypeAlias = Literal["beam_search", "greedy"]

# open_clip's defaults, given to it all the same, so that captions stay what they are when it changes its mind.
_N_BEAMS, _N_BEAM_GROUPS = 6, 3
_MIN_TOKENS = 5  # before which no caption may end; start and end count
_USUAL_TOKENS = 30
_END_TOKEN = 49407  # of CLIP's tokenizer, its last; open_clip generates for no other


@dataclass(frozen=True)
class CaptionSettings:
    """How captions are generated.

    Attributes:
        generation: "beam_search" with six beams in three groups, open_clip's default; or "greedy", the likeliest word
            after the other, several times faster.
        n_tokens: Most tokens of a caption, start and end included; None for open_clip's 30, or for as many as the
            model has places for, where those are fewer.
    """

    generation: Generation = "beam_search"
    n_tokens: int | None = None

    def __post_init__(self) -> None:
        """Checks the settings.

        Raises:
            ValueError: There is no such way to generate, or captions would be too short.
        """
        if self.generation not in get_args(Generation):
            raise ValueError(f"generation is one of {', '.join(get_args(Generation))}; got {self.generation!r}")
        if self.n_tokens is not None and self.n_tokens <= _MIN_TOKENS:
            raise ValueError(f"n_tokens must be at least {_MIN_TOKENS + 1}; got {self.n_tokens}")

    @property
    def n_beams(self) -> int:
        """How many captions of a frame are followed at once, each of which takes the memory of a frame."""
        return _N_BEAMS if self.generation == "beam_search" else 1

    def n_tokens_of(self, backbone: OpenClipBackbone) -> int:
        """Most tokens of a caption by a model.

        Args:
            backbone: A CoCa model.

        Raises:
            BackboneError: It has fewer places.
        """
        check_can_caption(backbone)
        places = min(int(backbone.clip.context_length), int(backbone.clip.text.context_length))
        asked = min(_USUAL_TOKENS, places) if self.n_tokens is None else self.n_tokens
        if not _MIN_TOKENS < asked <= places:
            raise BackboneError(
                f"captions of {max(asked, _MIN_TOKENS + 1)} tokens are asked for, but {backbone.architecture} writes "
                f"at most {places}; captions have at least {_MIN_TOKENS + 1}"
            )
        return asked


def check_can_generate() -> None:
    """Makes sure that open_clip can generate text here; costs nothing, so it can be asked before any work.

    Raises:
        BackboneError: The package transformers is missing, or of a version that does not serve.
    """
    if coca_model.GENERATION_TYPES["top_k"] is not None:
        return
    try:
        found = f"transformers {importlib.metadata.version('transformers')} does not serve"
    except importlib.metadata.PackageNotFoundError:
        found = "it is not installed"
    raise BackboneError(
        f"captions need the package transformers, 4.41 to 4.56, by which open_clip generates text, but {found}: "
        "pip install 'zsar[captions]', or in a checkout pip install '.[captions]'"
    )


def can_caption(backbone: OpenClipBackbone) -> bool:
    """Whether a model writes captions: a CoCa whose words are those of CLIP's tokenizer."""
    clip = backbone.clip
    if not isinstance(clip, open_clip.CoCa) or not isinstance(clip.text, TextTransformer):
        return False
    return int(clip.text_decoder.text_projection.shape[-1]) == _END_TOKEN + 1


def check_can_caption(backbone: OpenClipBackbone) -> None:
    """Makes sure that a model writes captions.

    Raises:
        BackboneError: It does not; the message names one that does.
    """
    if not can_caption(backbone):
        raise BackboneError(
            f"{backbone.architecture} writes no captions, as it is not a CoCa with CLIP's tokenizer; take the "
            "architecture coca_ViT-L-14 with the weights mscoco_finetuned_laion2B-s13B-b90k"
        )


@torch.inference_mode()
def generate_captions(backbone: OpenClipBackbone, frames: Tensor, settings: CaptionSettings) -> list[str]:
    """Describes frames in words, on the model's device; all frames in one batch.

    The same frames give the same captions. A caption does not depend on the other frames of a batch, but for the last
    digits of sums, which a device may round differently in a larger batch.

    Args:
        backbone: A CoCa model, in evaluation mode.
        frames: uint8 [N, 3, S, S] on any device; beam search takes the memory of six times as many.
        settings: How.

    Returns:
        N captions, without start, end and padding, words separated by one space; an untrained model's may be empty.

    Raises:
        BackboneError: The model writes no captions, or none so long, or transformers is missing.
        ValueError: The frames are not of the model's size.
    """
    check_can_generate()
    n_tokens = settings.n_tokens_of(backbone)
    if not len(frames):
        return []
    clip, device = backbone.clip, backbone.frame_mean.device
    images = backbone.normalize_frames(frames.to(device))
    if settings.generation == "greedy":
        how: dict[str, Any] = {"generation_type": "top_k", "top_k": 1}
    else:
        how = {"generation_type": "beam_search", "num_beams": _N_BEAMS, "num_beam_groups": _N_BEAM_GROUPS}
    with _own_random_numbers(device):
        tokens = clip.generate(images, seq_len=n_tokens, min_seq_len=_MIN_TOKENS, **how)
    return [_as_text(row, clip.pad_id) for row in tokens.cpu()]


def _as_text(tokens: Tensor, padding: int) -> str:
    """Text of int64 [L], a start token and what follows up to the end token or padding."""
    words = tokens[1:]
    is_over = (words == _END_TOKEN) | (words == padding)
    length = int(is_over.int().argmax()) if is_over.any() else len(words)
    return " ".join(open_clip.decode(words[:length]).split())


@contextmanager
def _own_random_numbers(device: torch.device) -> Iterator[None]:
    """Fixed random numbers within, and the caller's own afterwards.

    open_clip draws a word even where one is left, and between words of exactly the same likelihood there is a choice.
    """
    of_device: Any = torch if device.type == "cpu" else torch.get_device_module(device)
    where = () if device.type == "cpu" else (device,)
    before = of_device.get_rng_state(*where)
    of_device.set_rng_state(torch.Generator(device).manual_seed(0).get_state(), *where)
    try:
        yield
    finally:
        of_device.set_rng_state(before, *where)
