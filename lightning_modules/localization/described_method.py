"""What a localization method says of itself in results."""

from __future__ import annotations

from typing import Any, ClassVar


class DescribedMethod:
    """What `ActionLocalizer` inherits, and what else localizes.

    Attributes:
        method: Its name in the results of `zsar localize`, and for its option --method; empty for the class's name.
        least_classes: The smallest number of classes that it chooses from.
    """

    method: ClassVar[str] = ""
    least_classes: ClassVar[int] = 1

    def described_settings(self, *, seed: int) -> dict[str, Any]:
        """What decides about the answers besides the features, JSON-serializable; a method adds its settings.

        Args:
            seed: The seed given to `localize`.
        """
        return {"method": self.method or type(self).__name__}

    def memory_counts(self) -> dict[int, dict[str, int]]:
        """What a memory of all videos holds, by index of the set: "n_classes", "n_candidates"; empty for none."""
        return {}
