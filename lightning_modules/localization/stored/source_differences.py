"""Compares the source of a stored feature or caption file with the request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Protocol


class ModelSource(Protocol):
    """A dataclass with the source of a file, including its model."""

    @property
    def architecture(self) -> str:
        """The model's architecture."""
        ...

    @property
    def weights(self) -> str:
        """Its weights as requested."""
        ...


def source_differences(source: ModelSource, asked: Mapping[str, object]) -> str | None:
    """Describes how a source differs from the request, with both values.

    Args:
        source: The source of a file.
        asked: Requested values by field name; None is not compared.

    Returns:
        The differences in words, with the file's model if the model differs; None without differences.
    """
    stated = asdict(source)  # type: ignore[call-overload] # a protocol cannot say that it is a dataclass
    different = [key for key, value in asked.items() if value is not None and stated[key] != value]
    if not different:
        return None
    differences = "; ".join(f"{key} is {stated[key]} in the file, but {asked[key]} is asked for" for key in different)
    model = f" (the file's model is {source.architecture} {source.weights})" if "backbone_hash" in different else ""
    return f"{differences}{model}"
