"""What attention maps show, in words, for readers who do not see the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from zsar.callbacks.pictures.attention.attention_figure import MapRow

_ROWS, _COLUMNS = ("upper", "middle", "lower"), ("left", "centre", "right")


def attention_in_words(rows: Sequence[MapRow], video: str) -> str:
    """Where each map is hottest.

    Args:
        rows: The rows of the picture.
        video: The name of the video.
    """
    parts = [f"{row.model}, {row.title}: {row.where}; {_hottest(row)}" for row in rows]
    return f"Frames of {video} under heat maps of what models attend to. {'. '.join(parts)}."


def frames_in_words(layers: Mapping[int, Tensor], model: str, video: str) -> str:
    """How much the frames attend to each other.

    Args:
        layers: By layer, how much each frame attends to each, [T, T].
        model: The name of the model.
        video: The name of the video.
    """
    parts = []
    for layer, weights in sorted(layers.items()):
        received = weights.mean(dim=0)
        parts.append(
            f"layer {layer + 1}: {100 * float(weights.diagonal().mean()):.0f} % to itself, most to frame "
            f"{int(received.argmax()) + 1} ({100 * float(received.max()):.0f} %)"
        )
    return f"For each layer of {model}, how much the frames of {video} attend to each other: {'; '.join(parts)}."


def spotted_in_words(spotted: Mapping[int, Tensor], class_names: Sequence[str], model: str) -> list[str]:
    """What each frame of the first view counts for each class, by a model that weighs frames: a line a class.

    Args:
        spotted: By label, [V, T].
        class_names: The names of the classes.
        model: The name of the model.
    """
    return [
        f"{model}, weight of the frames for {class_names[label]}: "
        + " ".join(f"{100 * share:.0f} %" for share in of_views[0].tolist())
        for label, of_views in spotted.items()
    ]


def place_of(index: int, grid: tuple[int, int]) -> str:
    """Where a patch lies in its frame, in thirds: "upper left", "middle centre".

    Args:
        index: Of the patch, row by row.
        grid: h and w.
    """
    row, column = divmod(index, grid[1])
    return f"{_ROWS[3 * row // grid[0]]} {_COLUMNS[3 * column // grid[1]]}"


def _hottest(row: MapRow) -> str:
    patches = row.shares.patches
    if float(patches.max()) == 0:
        return "no patch has any"
    frame, patch = divmod(int(patches.argmax()), patches[0].numel())
    height, width = patches.shape[1:]
    return f"the hottest patch is in frame {frame + 1}, {place_of(patch, (height, width))}"
