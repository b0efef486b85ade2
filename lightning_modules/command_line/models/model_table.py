"""The table of architectures for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from zsar.lightning_modules.command_line.models.architecture_rows import COUNTED, ArchitectureRow
from zsar.lightning_modules.command_line.models.method_names import METHODS, MethodName, Status
from zsar.lightning_modules.command_line.models.stored_rows import installed_versions, shown_versions
from zsar.runtime.terminal import print_whole, result_console, say, stacked, styled

MARKS: Mapping[Status, str] = {"yes": "yes", "partly": "part", "no": "-", "unknown": "?", "failed": "FAILED"}
"""What tables show."""
_STYLES: Mapping[Status, str] = {"yes": "green", "partly": "yellow", "no": "dim", "unknown": "dim", "failed": "red"}
# In two lines, so that all methods fit beside each other.
_HEADS: Mapping[MethodName, tuple[str, ...]] = {
    "zero_shot": ("zero", "shot"),
    "fine_tuned": ("fine", "tune"),
    "ap_clip": ("AP-", "CLIP"),
    "bike": ("BIKE",),
    "open_vclip": ("Open-", "VCLIP"),
    "taco": ("TACO",),
    "t2l": ("T2L",),
    "gradient_checkpointing": ("grad", "ckpt"),
    "prompt_tuning": ("TPT", "ZAR"),
    "t3al": ("T3AL",),
    "frame_wise": ("fr.-", "wise"),
    "attention_maps": ("attn", "maps"),
    "captions": ("cap-", "tion"),
}
_LEGEND = (
    "fine-tune: FineTunedCLIP (ViFi-CLIP); grad-ckpt: gradient checkpointing; TPT, ZAR: and DTS-TPT; fr.-wise: "
    "FrameWiseCLIP; attn maps: attention maps. part: T2L without text adapters. ?: not known without files from "
    "Hugging Face. `zsar models NAME --json` has the reasons."
)


def print_architectures(rows: Sequence[ArchitectureRow]) -> None:
    """Prints rows.

    Args:
        rows: The architectures.
    """
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 0), pad_edge=False, show_edge=False)
    for head in ("architecture", "M par.", "px", "GFLOPs"):
        table.add_column(head, justify="left" if head == "architecture" else "right")
    for method in METHODS:
        table.add_column(stacked(_HEADS[method]))
    for row in rows:
        table.add_row(*_cells(row))
    print_whole(result_console(), table)
    noun = "architecture" if len(rows) == 1 else "architectures"
    say("", f"{len(rows)} {noun}; {shown_versions(installed_versions())}.", f"{COUNTED}.", _LEGEND)


def millions(number: int | None) -> str:
    """Parameters in millions; "?" where they are not known."""
    return "?" if number is None else f"{number / 1e6:,.1f}" if number < 1e8 else f"{number / 1e6:,.0f}"


def pixels(size: tuple[int, int] | None) -> str:
    """A size in px: "224", or "224 x 336" where height and width differ; empty for none."""
    if size is None:
        return ""
    return str(size[0]) if size[0] == size[1] else f"{size[0]} x {size[1]}"


def giga(number: float) -> str:
    """GFLOPs; of a tiny model with what counts of them."""
    return f"{number:,.1f}" if number >= 0.1 else f"{number:.3f}"


def _cells(row: ArchitectureRow) -> list[str | Text]:
    facts: list[str | Text] = [
        row.name,
        millions(row.parameters),
        pixels(row.image_size),
        giga(row.gflops_per_frame),
    ]
    return facts + [styled(MARKS[row.methods[method]], _STYLES[row.methods[method]]) for method in METHODS]
