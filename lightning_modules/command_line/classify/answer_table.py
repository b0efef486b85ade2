"""The answers of `zsar classify` as a table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from zsar.api.answers import Classification
from zsar.runtime.terminal import print_whole, result_console, styled


def print_answers(answers: Sequence[Classification], *, top_k: int) -> None:
    """Prints the answers, video by video; with an adaptation beside those of the untuned prompt.

    Args:
        answers: The answers.
        top_k: Number of names shown for each video.
    """
    is_tuned = any(answer.untuned is not None for answer in answers)
    table = Table("video", "answer", *(["untuned answer"] if is_tuned else []), "rank", "class", "probability")
    if is_tuned:
        table.add_column("untuned")
    for column in table.columns:
        column.justify = "right" if column.header in ("rank", "probability", "untuned") else "left"
    for answer in answers:
        before = answer.untuned
        if answer.error:
            row = [answer.path, styled("not decoded", "red")]
            table.add_row(*row, *[""] * (len(table.columns) - len(row)), end_section=True)
        shown = answer.ranked[:top_k]
        for rank, (name, probability) in enumerate(shown, start=1):
            first = rank == 1
            table.add_row(
                answer.path if first else "",
                styled(answer.answer, "bold") if first else "",
                *([] if before is None else [before.answer if first else ""]),
                str(rank),
                name,
                f"{100 * probability:.1f} %",
                *([] if before is None else [f"{100 * dict(before.ranked)[name]:.1f} %"]),
                end_section=rank == len(shown),
            )
    print_whole(result_console(), table)
