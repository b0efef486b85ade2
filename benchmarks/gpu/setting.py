"""Where the parts of `benchmarks/gpu.sh` run, at which size, and what a part reports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Setting:
    """Where and how large.

    Attributes:
        device: "cuda" or "cpu".
        small: Whether tiny models are measured on short inputs, to try the script.
    """

    device: str
    small: bool

    @property
    def repeats(self) -> int:
        """Measured steps, of which the median counts."""
        return 1 if self.small else 5

    @property
    def mixed_precisions(self) -> tuple[str, ...]:
        """As `Trainer` takes them; a CPU trains in bf16 alone."""
        return ("bf16-mixed",) if self.device == "cpu" else ("bf16-mixed", "16-mixed")

    def profile_options(self) -> list[str]:
        """The options that every `zsar profile` has here."""
        return ["--random_weights", "--device", self.device, "--repeats", str(self.repeats)]


@dataclass(frozen=True)
class Figures:
    """What one case gave.

    Attributes:
        rate: How fast, with its unit.
        peak_mb: Highest memory of the device in MB (10^6 bytes); None on a CPU, and where it was not measured.
        notes: What else is to be known.
        record: Everything, as plain types.
    """

    rate: str
    peak_mb: float | None = None
    notes: str = ""
    record: dict[str, Any] = field(default_factory=dict)


Case = tuple[str, Callable[[], Figures]]
Part = Callable[[Setting], Iterator[Case]]


class DifferenceError(Exception):
    """Two devices give results that differ by more than the tolerance."""
