"""The answers of `zsar classify` as a table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from zsar.api.classification import Classification
from zsar.runtime.terminal import print_whole, result_console, styled


def print_answers(answers: Sequence[Classification], *, top_k: int) -> None:
    """Prints the answers, video by video.

    Args:
        answers: The answers.
        top_k: Number of names shown for each video.
    """
    table = Table("video", "answer", "rank", "class", "probability")
    table.columns[2].justify = table.columns[4].justify = "right"
    for answer in answers:
        if answer.error:
            table.add_row(answer.path, styled("not decoded", "red"), "", "", "", end_section=True)
        shown = answer.ranked[:top_k]
        for rank, (name, probability) in enumerate(shown, start=1):
            first = rank == 1
            table.add_row(
                answer.path if first else "",
                styled(answer.answer, "bold") if first else "",
                str(rank),
                name,
                f"{100 * probability:.1f} %",
                end_section=rank == len(shown),
            )
    print_whole(result_console(), table)
