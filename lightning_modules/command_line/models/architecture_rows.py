"""ArchitectureRow: what is known of an architecture, as a row of the table, in plain types; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from zsar.lightning_modules.command_line.models.method_names import METHODS, MethodName, Status

COUNTED = (
    "GFLOPs of embedding a frame: matrix products, convolutions and attention of the visual tower, two operations for "
    "each multiplication with its addition (papers that count multiply-adds state half of it); norms, activations and "
    "sums are not counted"
)
"""How operations are counted (`counted_flops`)."""


@dataclass(frozen=True)
class ArchitectureRow:
    """A row.

    Attributes:
        name: The architecture.
        visual: Its visual tower: timm's name of it, or "open_clip ViT" or "open_clip ResNet".
        parameters_visual: Parameters of the visual tower.
        parameters_text: All others, of text tower, decoder and logit scale; None where the text tower is not known.
        image_size: Height and width of a frame in px.
        patch_size: Height and width of a patch in px; None for a tower without patches, or unknown to zsar.
        gflops_per_frame: See `COUNTED`.
        embedding_width: D, the width of embeddings.
        context_length: Tokens of a text; None where the text tower is not known.
        tokenizer: "CLIP", which open_clip includes, or a repository on Hugging Face.
        text_model: The repository on Hugging Face that defines the text tower; None for a transformer of open_clip.
        tags: Tags of published weights.
        frames: The different ways in which frames are made for these: mean, std, resize_mode, interpolation, tags.
        methods: Whether each method works.
        reasons: Why not, or only partly, for methods that do not; given by the code that refuses.
    """

    name: str
    visual: str
    parameters_visual: int
    parameters_text: int | None
    image_size: tuple[int, int]
    patch_size: tuple[int, int] | None
    gflops_per_frame: float
    embedding_width: int
    context_length: int | None
    tokenizer: str
    text_model: str | None
    tags: tuple[str, ...]
    frames: tuple[Mapping[str, Any], ...]
    methods: Mapping[MethodName, Status]
    reasons: Mapping[MethodName, str]

    @property
    def parameters(self) -> int | None:
        """All parameters; None where the text tower is not known."""
        return None if self.parameters_text is None else self.parameters_visual + self.parameters_text

    def to_dict(self) -> dict[str, Any]:
        """Plain types for JSON, with all parameters."""
        return {**asdict(self), "parameters": self.parameters}


def row_from_dict(stated: Mapping[str, Any]) -> ArchitectureRow:
    """The row of `to_dict`, after JSON.

    Raises:
        ValueError: It lacks an entry or a method, so that another version of zsar wrote it.
    """
    names = {field.name for field in fields(ArchitectureRow)}
    if not names <= stated.keys() or set(stated["methods"]) != set(METHODS):
        raise ValueError("it was written by another version of zsar")
    values = {name: stated[name] for name in names}
    for name in ("image_size", "patch_size", "tags", "frames"):
        values[name] = None if values[name] is None else tuple(values[name])
    return ArchitectureRow(**values)
