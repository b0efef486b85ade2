"""Reads checkpoints of Open-VCLIP's authors (wengzejia1/Open-VCLIP): the mean of epochs, or a checkpoint of training.

`swa_2_22.pth` is {model_state}, and `checkpoint_epoch_*.pyth` {epoch, model_state, optimizer_state, cfg, scaler_state}.
Tensors have OpenAI's names after "model.", which are open_clip's. The text half is CLIP's, untouched: it shows whether
the CLIP at hand is the one that was tuned. Neither file is mixed with CLIP's weights yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from zsar.lightning_modules.training.author_checkpoints import (
    AuthorCheckpointError,
    check_tensors,
    described_clip,
    read_author_state,
)

_PREFIX = "model."
_LARGE = 1024  # the width of a ViT-L
_TUNED_SHARE, _TUNED_SHARE_OF_LARGE = 0.5, 0.4  # the authors' PATCHING_RATIO is CLIP's share: 0.5 and 0.6
_SAME_TENSOR = 1e-3  # relative: fp16 accounts for 0.0003, and unrelated weights differ by 1.4 of their length


@dataclass(frozen=True)
class OpenVclipCheckpoint:
    """A checkpoint of Open-VCLIP's authors.

    Attributes:
        path: The file.
        architecture: Its open_clip architecture.
        epoch: The epoch after which it was saved; None for a mean of epochs, which does not state it.
        tuned: What was trained, under open_clip's names: the visual tower and the logit scale, fp32.
        text: The text half, under open_clip's names, fp32.
    """

    path: Path
    architecture: str
    epoch: int | None
    tuned: dict[str, Tensor]
    text: dict[str, Tensor]

    @property
    def tuned_share(self) -> float:
        """The authors' share of the tuned weights at test time: 0.4 for L/14, 0.5 for all others."""
        is_large = self.tuned["visual.class_embedding"].shape[-1] == _LARGE
        return _TUNED_SHARE_OF_LARGE if is_large else _TUNED_SHARE

    def check_original(self, clip: Mapping[str, Tensor], weights: str | None) -> None:
        """Checks that a CLIP is the one that was tuned: its text half is that of the file.

        Args:
            clip: Its tensors, by open_clip's names.
            weights: Their source, for the message.

        Raises:
            AuthorCheckpointError: They differ.
        """
        for name, tensor in self.text.items():
            length = tensor.norm()
            difference = (tensor - clip[name].cpu().float()).norm()
            if not difference <= _SAME_TENSOR * length:
                raise AuthorCheckpointError(
                    f"{self.path} was not tuned from the weights {weights} of {self.architecture}: their {name} "
                    f"differs by {float(difference / length):.0%} of its length from that in the file, which training "
                    "leaves as it is. Give the original CLIP's (--weights openai, or OpenAI's file)"
                )


def read_open_vclip_checkpoint(
    path: Path, *, architecture: str | None = None, skips_objects: bool = False
) -> OpenVclipCheckpoint:
    """Reads a checkpoint of Open-VCLIP's authors.

    Args:
        path: The file.
        architecture: The open_clip architecture; None to infer it from the shapes.
        skips_objects: Whether to leave out Python objects, unread; otherwise they are an error.

    Returns:
        Its contents under the names of open_clip.

    Raises:
        AuthorCheckpointError: The file is not a readable checkpoint of Open-VCLIP, is incomplete, or has other tensors.
        BackboneError: There is no such architecture.
    """
    state, epoch = read_author_state(path, "Open-VCLIP", skips_objects=skips_objects)
    tensors = {name.removeprefix(_PREFIX): tensor for name, tensor in state.items()}
    architecture, model = described_clip(tensors, path, architecture)
    check_tensors(tensors, dict(model.named_parameters()), architecture, path)
    tuned = {name: tensor for name, tensor in tensors.items() if name == "logit_scale" or name.startswith("visual.")}
    text = {name: tensor for name, tensor in tensors.items() if name not in tuned}
    return OpenVclipCheckpoint(path, architecture, epoch, tuned, text)
