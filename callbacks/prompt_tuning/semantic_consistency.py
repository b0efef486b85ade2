"""Dual semantic consistency: the order in which prompts are updated on two sets of texts (DTS-TPT, section 4.2).

single    one prompt, one text set
parallel  a prompt and an optimizer for each text set
hybrid    one prompt; each step updates it on the first text set, then on the second
switch    one prompt; odd steps (the 1st, 3rd, ...) update it on the first text set, even steps on the second
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Consistency = Literal["single", "parallel", "hybrid", "switch"]


class Update(NamedTuple):
    """One update of a prompt.

    Attributes:
        text_set: Text set of its objective, 0-based.
        prompt: Prompt that it changes, 0-based.
    """

    text_set: int
    prompt: int


def updates(consistency: Consistency, step: int) -> tuple[Update, ...]:
    """The updates of a step (0-based), in order."""
    if consistency == "single":
        return (Update(0, 0),)
    if consistency == "parallel":
        return (Update(0, 0), Update(1, 1))
    if consistency == "hybrid":
        return (Update(0, 0), Update(1, 0))
    return (Update(step % 2, 0),)


def prompt_of_text_set(consistency: Consistency, text_set: int) -> int:
    """The prompt used with a text set in prediction."""
    return text_set if consistency == "parallel" else 0
