"""AdaptationCallback: base of the callbacks that adapt a recognizer to its test videos, which `--adaptation` sets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lightning.pytorch import Callback


class AdaptationCallback(Callback):
    """Adapts what a recognizer predicts in a test or a prediction; a run has at most one."""

    def describe(self) -> dict[str, Any]:
        """The settings that decide a result, for results.json; "method" is the name in results."""
        raise NotImplementedError

    def stored(self) -> dict[str, Any] | None:
        """What the adaptation holds at the end of a test, by name of the set, for results.json; None for nothing."""
        return None


def adaptation_entries(callbacks: Sequence[Callback]) -> dict[str, Any]:
    """The entries of results.json about the adaptation of a run, null without one.

    Args:
        callbacks: All callbacks of the trainer.

    Returns:
        "adaptation": its settings; "stored": what it holds.
    """
    adaptation = next((callback for callback in callbacks if isinstance(callback, AdaptationCallback)), None)
    if adaptation is None:
        return {"adaptation": None, "stored": None}
    return {"adaptation": adaptation.describe(), "stored": adaptation.stored()}
