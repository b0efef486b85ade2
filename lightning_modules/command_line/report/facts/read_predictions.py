"""The predictions of a set, from the file that a test leaves, column by column."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zsar.lightning_modules.run_folders.prediction_files import OWN_COLUMN, PREDICTION_COLUMNS
from zsar.runtime.text.text_files import fault_in
from zsar.runtime.text.text_tables import iterate_table

_VIDEO, *_OTHERS = PREDICTION_COLUMNS
_COLUMNS = (*_OTHERS, OWN_COLUMN, _VIDEO)  # earlier versions wrote no name of the video


@dataclass(frozen=True)
class Predictions:
    """The predictions of a set, column by column, in the order of its file.

    Attributes:
        paths: Path of each video, relative to the data set.
        labels: True class; empty where it is unknown.
        answers: Predicted class; empty where the video could not be decoded.
        probabilities: Of the answer, from 0 to 1; None where there is none.
        problems: Why a video could not be decoded; empty where it could.
        own_probabilities: Of the answer by itself, of models with a logit bias; None where there is none.
        videos: Name of each video; its path in a table of an earlier version.
    """

    paths: list[str]
    labels: list[str]
    answers: list[str]
    probabilities: list[float | None]
    problems: list[str]
    own_probabilities: list[float | None]
    videos: list[str]

    def __len__(self) -> int:
        """Number of videos."""
        return len(self.paths)


def read_predictions(path: Path) -> Predictions:
    """Reads a file of predictions.

    Args:
        path: `predictions_SET.csv`, of any version.

    Returns:
        Its rows.

    Raises:
        FileNotFoundError: There is no such file.
        ListFileError: It is not a table of predictions.
    """
    columns: list[list[str]] = [[] for _ in _COLUMNS]
    numbers: tuple[list[float | None], list[float | None]] = [], []
    first, others, optional = _COLUMNS[:1], _COLUMNS[1:4], _COLUMNS[4:]
    table = iterate_table(path, "predictions", columns=first, may_be_empty=others, optional=optional, by_zsar=True)
    for line, cells in table:
        for column, cell in zip(columns, cells, strict=True):
            column.append(cell)
        for values, name, cell in zip(numbers, ("probability", "own probability"), (cells[3], cells[6]), strict=True):
            try:
                values.append(float(cell) if cell else None)
            except ValueError:
                raise fault_in(path, f"the {name} {cell!r} is no number; test again", line=line) from None
    probabilities, own = numbers
    paths, videos = columns[0], [name or path for name, path in zip(columns[7], columns[0], strict=True)]
    return Predictions(paths, columns[1], columns[2], probabilities, columns[5], own, videos)
