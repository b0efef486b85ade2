"""Reads a user's model configs, in open_clip's JSON format, with strict limits on sizes.

open_clip allocates what a config states, so a wrong number takes all memory, or hours, before anything fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from zsar.runtime.files.given_files import GivenFileError, read_given_json
from zsar.runtime.text.text_files import shown

MOST_PARAMETERS = 20_000_000_000
"""Maximum number of parameters of a model, estimated; the largest of open_clip has 5 billion."""
MOST_OF: Mapping[str, int] = {
    "embed_dim": 16_384,
    "width": 16_384,
    "head_width": 16_384,
    "layers": 256,
    "heads": 1_024,
    "patch_size": 4_096,
    "image_size": 4_096,
    "context_length": 8_192,
    "vocab_size": 2_000_000,
}
"""Maximum of each size; the minimum is 1."""
MOST_OF_OTHERS = 65_536
"""Maximum of any other number."""

_GIVE = "give an open_clip config"
_CORRECT = "correct it, or give the config of another model"
_MOST_SIZES = 4  # of a ResNet's layers
# Parameters of a layer in squares of its width: attention, besides its MLP; a ResNet's widest stage over its stem.
_TRANSFORMER, _CONVOLUTION = 4, 32


def read_architecture(path: Path) -> dict[str, Any]:
    """Reads and checks a model config.

    Args:
        path: The JSON file.

    Raises:
        FileNotFoundError: There is no such file.
        PermissionError: The file may not be read.
        GivenFileError: The file is not a JSON object, or a size is out of range; the message begins with the path.
    """
    config = read_given_json(path, what="model config", remedy=_GIVE)
    if not isinstance(config, dict):
        raise GivenFileError(path, f"it must be a JSON object, not a {type(config).__name__}", _GIVE)
    check_sizes(config, path)
    return config


def check_sizes(config: Mapping[str, Any], path: Path) -> None:
    """Checks the numbers of a model config.

    Args:
        config: `embed_dim`, `vision_cfg`, `text_cfg` and others, as in open_clip.
        path: The file, for errors.

    Raises:
        GivenFileError: A size is not a whole number from 1 to its limit, or the model is too large.
    """
    for key, value in _numbers(config, ""):
        most = MOST_OF.get(key.rpartition(".")[2])
        if most is not None and (type(value) is not int or not 1 <= value <= most):
            what = f"{shown(key)} is {shown(value)}, not a whole number from 1 to {most:,}"
            raise GivenFileError(path, what, _CORRECT)
        if most is None and not abs(value) <= MOST_OF_OTHERS:
            raise GivenFileError(
                path, f"{shown(key)} is {shown(value)}, but at most {MOST_OF_OTHERS:,} is allowed", _CORRECT
            )
    n = sum(_n_parameters(section) for section in config.values() if isinstance(section, dict))
    if n > MOST_PARAMETERS:
        why = f"its sizes make a model of about {n:,} parameters, but at most {MOST_PARAMETERS:,} are allowed"
        raise GivenFileError(path, why, _CORRECT)


def _numbers(config: Mapping[str, Any], within: str) -> Iterator[tuple[str, float]]:
    """Names and numbers of a config, including lists and sections."""
    for name, value in config.items():
        key = f"{within}.{name}".removeprefix(".")
        if isinstance(value, dict):
            yield from _numbers(value, key)
        for number in value[: _MOST_SIZES + 1] if isinstance(value, list) else [value]:
            if isinstance(number, int | float) and not (isinstance(number, bool) and name not in MOST_OF):
                yield key, number


def _n_parameters(section: Mapping[str, Any]) -> int:
    """Estimated parameters of a tower; missing values count as zero or as open_clip's default."""

    def largest(name: str, default: int) -> int:
        value = section.get(name)
        numbers = value if isinstance(value, list) else [value]
        sizes = [int(n) for n in numbers if isinstance(n, int | float) and not isinstance(n, bool)]
        return max(sizes, default=default)

    layers, width = section.get("layers"), largest("width", 768)
    if isinstance(layers, list):
        n = largest("layers", 1) * len(layers) * _TRANSFORMER * (_CONVOLUTION * width) ** 2
    else:
        n = largest("layers", 12) * (_TRANSFORMER + 2 * max(1, largest("mlp_ratio", 4))) * width**2
    patches = (largest("image_size", 0) // max(1, largest("patch_size", 16))) ** 2
    others = sum(largest(name, 0) for name in section if name.endswith("queries"))
    return n + (largest("vocab_size", 0) + largest("context_length", 0) + patches + others) * width
