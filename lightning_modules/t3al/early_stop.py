"""When an adaptation stops before its last step (T3AL, section 5, Implementation details).

"If the loss does not diminish after 5 consecutive steps, the adaptation process is halted."
"""

from __future__ import annotations

from typing import Literal

StopRule = Literal["no_fall", "no_new_lowest", "none"]


class EarlyStop:
    """Follows the loss of one video."""

    def __init__(self, rule: StopRule, patience_steps: int | None) -> None:
        """Starts before the first step.

        Args:
            rule: "no_fall" counts steps in a row whose loss is not below that of the step before; "no_new_lowest"
                those whose loss is not below all before; "none" never stops.
            patience_steps: The number of such steps in a row that stops the adaptation; None for "none".
        """
        self._rule, self._patience = rule, patience_steps
        self._limit = float("inf")  # a loss below it starts the count again
        self._n = 0

    def is_reached(self, loss: float) -> bool:
        """Takes the loss of the next step, and returns whether to stop before its update."""
        self._n = 0 if loss < self._limit else self._n + 1
        self._limit = loss if self._rule == "no_fall" else min(self._limit, loss)
        return self._patience is not None and self._n >= self._patience
