"""Computes the row of an architecture, built without values: a tower of any size takes seconds and no memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import torch

from zsar.callbacks.cost.counted_flops import counted_flops
from zsar.lightning_modules.command_line.models.architecture_rows import ArchitectureRow
from zsar.lightning_modules.command_line.models.method_names import METHODS, MethodName
from zsar.lightning_modules.command_line.models.trials.supported_methods import tried_methods
from zsar.lightning_modules.command_line.models.trials.tried_clip import tried_clip
from zsar.lightning_modules.command_line.models.trials.without_values import ValuesGiveWay
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.open_clip_towers.visual.known_towers import known_tower
from zsar.lightning_modules.open_clip_towers.weights.known_architectures import (
    StatedArchitecture,
    stated_architecture,
    visual_tower_without_weights,
)
from zsar.lightning_modules.open_clip_towers.weights.open_clip_weights import RANDOM_WEIGHTS
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError


def computed_row(name: str, methods: Sequence[MethodName] = tuple(METHODS)) -> ArchitectureRow:
    """Builds an architecture without values, counts it and tries methods on it.

    Args:
        name: An architecture of open_clip or of zsar, or the path of a JSON config.
        methods: The methods to try; others are "unknown".

    Raises:
        BackboneError: There is no such architecture, or it cannot be built.
    """
    stated = stated_architecture(name)
    try:
        with torch.device("meta"):
            backbone = OpenClipBackbone(name, RANDOM_WEIGHTS)
    except BackboneError as error:
        if stated.text_model is None:
            raise
        return _row_without_text(stated, str(error))
    clip = backbone.clip
    n_visual = _n_parameters(clip.visual)
    row = ArchitectureRow(
        **_facts_of_frames(stated, clip.visual),
        parameters_text=_n_parameters(clip) - n_visual,
        context_length=backbone.text.context_length,
        methods=dict.fromkeys(METHODS, "unknown"),
        reasons={},
    )
    support = list(tried_methods(tried_clip(backbone, own_tokenizer=False), methods))
    return replace(
        row,
        methods={**row.methods, **{one.method: one.status for one in support}},
        reasons={one.method: one.reason for one in support if one.reason},
    )


def _row_without_text(stated: StatedArchitecture, problem: str) -> ArchitectureRow:
    """The row of an architecture whose text tower is defined in a file that is not at hand."""
    reason = f"the text tower is defined by files of {stated.text_model} on Hugging Face, which are not here: {problem}"
    return ArchitectureRow(
        **_facts_of_frames(stated, visual_tower_without_weights(stated.name)),
        parameters_text=None,
        context_length=None,
        methods=dict.fromkeys(METHODS, "unknown"),
        reasons=dict.fromkeys(METHODS, reason),
    )


def _facts_of_frames(stated: StatedArchitecture, visual: Any) -> dict[str, Any]:  # noqa: ANN401 - no base class
    """What the config and the visual tower say."""
    size = visual.image_size
    height, width = (size, size) if isinstance(size, int) else size
    with ValuesGiveWay():  # only faster so
        flops = counted_flops(visual, visual, (1, 3, height, width))
    return {
        "name": stated.name,
        "visual": stated.visual,
        "parameters_visual": _n_parameters(visual),
        "image_size": (height, width),
        "patch_size": _patch_size(visual, stated.name, (height, width)),
        "gflops_per_frame": round(flops / 1e9, 6),
        "embedding_width": stated.embedding_width,
        "tokenizer": stated.tokenizer,
        "text_model": stated.text_model,
        "tags": stated.tags,
        "frames": tuple(asdict(frames) for frames in stated.frames),
    }


def _patch_size(visual: Any, name: str, image_size: tuple[int, int]) -> tuple[int, int] | None:  # noqa: ANN401
    try:
        rows, columns = known_tower(visual, name).layout.grid
    except BackboneError:
        return None
    return image_size[0] // rows, image_size[1] // columns


def _n_parameters(module: Any) -> int:  # noqa: ANN401 - open_clip's modules share no base class
    return sum(parameter.numel() for parameter in module.parameters())
