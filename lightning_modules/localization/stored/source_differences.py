"""What a stored file was made of, compared with what is asked for: files of frame features and of captions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Protocol


class ModelSource(Protocol):
    """A dataclass that says what a file was made of, by which model among other things."""

    @property
    def architecture(self) -> str:
        """The model's architecture."""
        ...

    @property
    def weights(self) -> str:
        """Its weights as they were asked for."""
        ...


def source_differences(source: ModelSource, asked: Mapping[str, object]) -> str | None:
    """Says in what a source differs from what is asked for, both values named.

    Args:
        source: What a file was made of.
        asked: Values by the names of the source's fields; None is not compared.

    Returns:
        The differences in words, with the file's model where the model differs; None where there are none.
    """
    found = asdict(source)  # type: ignore[call-overload] # a protocol cannot say that it is a dataclass
    different = [key for key, value in asked.items() if value is not None and found[key] != value]
    if not different:
        return None
    said = "; ".join(f"{key} is {found[key]} in the file, but {asked[key]} is asked for" for key in different)
    model = f" (the file's model is {source.architecture} {source.weights})" if "backbone_hash" in different else ""
    return f"{said}{model}"
