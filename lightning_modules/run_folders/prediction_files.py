"""The names of the tables of predictions in a run folder."""

from __future__ import annotations

from pathlib import Path

PREDICTION_COLUMNS = ("video", "path", "label", "prediction", "probability", "decoded", "problem")
"""The columns of such a table."""

OWN_COLUMN = "own_probability"
"""A further last column, of models with a logit bias: the probability of the predicted class by itself."""

LABEL_SEPARATOR = "|"
"""What stands between the labels of a video that has several, as in lists of videos (`labelled_sources`)."""

_UNLABELLED = "predict"  # the set of `zsar predict`
_PREFIX = "predictions"


def prediction_file(folder: Path, set_name: str) -> Path:
    """Where the predictions of a set are written.

    Args:
        folder: The run folder.
        set_name: The set: "val", "base", "novel", ..., or "predict", the videos of `zsar predict`.

    Returns:
        `predictions_SET.csv`; `predictions.csv` for `zsar predict`, which has one set.
    """
    return folder / (f"{_PREFIX}.csv" if set_name == _UNLABELLED else f"{_PREFIX}_{set_name}.csv")


def prediction_tables(folder: Path) -> list[tuple[str, Path]]:
    """The tables of predictions in a folder.

    Args:
        folder: The run folder.

    Returns:
        The set and the file of each. `predictions_predict.csv` of earlier versions stands after `predictions.csv`.
    """
    newest = prediction_file(folder, _UNLABELLED)
    tables = [(_UNLABELLED, newest)] if newest.is_file() else []
    return tables + [(path.stem.removeprefix(f"{_PREFIX}_"), path) for path in sorted(folder.glob(f"{_PREFIX}_*.csv"))]
