"""The table of architectures as a page in Markdown; `make models` writes docs/reference/architectures.md with it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from zsar.lightning_modules.command_line.models.architecture_rows import COUNTED, ArchitectureRow
from zsar.lightning_modules.command_line.models.method_names import METHODS, MethodName
from zsar.lightning_modules.command_line.models.model_table import MARKS, millions, pixels
from zsar.lightning_modules.command_line.models.stored_rows import shown_versions

_HEAD = """\
# Architectures

What each architecture of open_clip costs, and which methods of zsar work on it. `zsar models` shows this table,
`zsar models siglip` a part of it, `--json` everything, also the weights of each and how their frames are made;
`zsar models --check NAME` runs each method once. `make models` writes this page: each architecture is built without
values, which takes no memory, and the code of each method is run on it, so that a "-" is what the method itself says
(below). Of {versions}; {n} architectures, those beginning with `tiny-` are zsar's own.

- **{counted}.**
- Parameters in millions. "frame": mean and deviation of published weights, and how pictures become square ("crop" cuts
  the centre, "squash" resizes both sides); several ways where weights differ.
- "tokenizer": a name is fetched from Hugging Face when it is first used; the methods were tried with a stand-in for it.
- "part": without text adapters. "?": the text tower is defined by files on Hugging Face, which were not here.
"""
_STATISTICS: Mapping[str, str] = {"half": "0.5", "zero_one": "0 to 1", "openai": "CLIP's", "imagenet": "ImageNet's"}
_RESIZE_MODES = {"shortest": "crop"}
_MOST_NAMES = 6
_FACTS = (
    "architecture",
    "parameters",
    "visual",
    "px",
    "patch",
    "GFLOPs",
    "D",
    "tokens",
    "tokenizer",
    "weights",
    "frame",
)


def page_of(rows: Sequence[ArchitectureRow], versions: Mapping[str, str]) -> str:
    """The page.

    Args:
        rows: The architectures.
        versions: Those of open_clip and timm that they are of.
    """
    head = _HEAD.format(versions=shown_versions(versions), n=len(rows), counted=COUNTED)
    return "\n".join([head, *_table((*_FACTS, *METHODS.values()), map(_cells, rows)), "", *_refusals(rows)]) + "\n"


def _cells(row: ArchitectureRow) -> list[str]:
    return [
        f"`{row.name}`",
        millions(row.parameters),
        millions(row.parameters_visual),
        pixels(row.image_size),
        pixels(row.patch_size),
        f"{row.gflops_per_frame:,.2f}",
        str(row.embedding_width),
        "?" if row.context_length is None else str(row.context_length),
        row.tokenizer,
        str(len(row.tags) or ""),
        ", ".join(dict.fromkeys(_frames(way) for way in row.frames)),
        *(MARKS[row.methods[method]] for method in METHODS),
    ]


def _frames(way: Mapping[str, Any]) -> str:
    # Imports open_clip, which the table on a terminal does without.
    from zsar.lightning_modules.open_clip_towers.pixels.frame_statistics import name_of, statistics_of

    stated = statistics_of(way["mean"], way["std"])
    statistics = _STATISTICS.get(name_of(stated) or "", str(stated))
    mode = str(way["resize_mode"])
    return f"{statistics} {_RESIZE_MODES.get(mode, mode)}"


def _refusals(rows: Sequence[ArchitectureRow]) -> Iterator[str]:
    """Each reason, the methods that give it, and the architectures."""
    yield "## Why not"
    yield ""
    yield "What the methods answer, `NAME` standing for the architecture:"
    yield ""
    found: dict[str, tuple[dict[MethodName, None], dict[str, None]]] = {}
    for row in rows:
        for method, reason in row.reasons.items():
            methods, names = found.setdefault(_general(reason, row), ({}, {}))
            methods[method] = names[row.name] = None
    cells = (
        (", ".join(METHODS[method] for method in methods), reason, _listed(list(names)))
        for reason, (methods, names) in sorted(found.items(), key=lambda item: (-len(item[1][1]), item[0]))
    )
    yield from _table(("methods", "reason", "architectures"), cells)


def _general(reason: str, row: ArchitectureRow) -> str:
    """A reason without the names of one architecture."""
    for name, general in ((row.name, "NAME"), (row.text_model, "TEXT MODEL")):
        if name is not None:  # alone, not as a part of another model's
            reason = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", general, reason)
    return reason


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - _MOST_NAMES
    return ", ".join(f"`{name}`" for name in names[:_MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")


def _table(header: Sequence[str], rows: Iterator[Sequence[str]]) -> Iterator[str]:
    for line in (header, ["---"] * len(header), *rows):
        yield f"| {' | '.join(map(_escaped, line))} |"


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|").replace("<", "&lt;")
