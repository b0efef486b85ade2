"""The answers of `zsar classify` as a table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from zsar.api.answers import Classification, own_percent
from zsar.runtime.terminal import print_whole, result_console, styled

_CAPTION = (
    "probability: among these names, sums to 100 %; own probability: of each name by itself, all small if none fits; "
    "--threshold is an own probability"
)


def print_answers(answers: Sequence[Classification], *, top_k: int) -> None:
    """Prints the answers, video by video; with an adaptation beside those of the untuned prompt.

    Args:
        answers: The answers.
        top_k: Number of names shown for each video.
    """
    is_tuned = any(answer.untuned is not None for answer in answers)
    has_own = any(answer.own_probabilities is not None for answer in answers)
    numbers = ["probability", *(["own probability"] if has_own else [])]
    numbers += [f"untuned{name}" for name in (["", " own"] if has_own else [""])] if is_tuned else []
    table = Table("video", "answer", *(["untuned answer"] if is_tuned else []), "rank", "class", *numbers)
    for column in table.columns:
        column.justify = "right" if column.header in ("rank", *numbers) else "left"
    if has_own:
        table.caption = _CAPTION
    for answer in answers:
        before = answer.untuned
        if answer.error:
            row = [answer.path, styled("not decoded", "red")]
            table.add_row(*row, *[""] * (len(table.columns) - len(row)), end_section=True)
        shown = answer.ranked[:top_k]
        for rank, (name, _) in enumerate(shown, start=1):
            first = rank == 1
            table.add_row(
                answer.path if first else "",
                styled(answer.answer, "bold") if first else "",
                *([] if before is None else [before.answer if first else ""]),
                str(rank),
                name,
                *_percents(answer, name),
                *([] if before is None else _percents(before, name)),
                end_section=rank == len(shown),
            )
    print_whole(result_console(), table)


def _percents(answer: Classification, name: str) -> list[str]:
    """The probability of a name, and its own one where the model tells it."""
    own = [] if answer.own_probabilities is None else [own_percent(dict(answer.own_probabilities)[name])]
    return [f"{100 * dict(answer.ranked)[name]:.1f} %", *own]
