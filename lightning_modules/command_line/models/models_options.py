"""The options of `zsar models`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zsar.lightning_modules.command_line.models.method_names import METHODS, MethodName
from zsar.lightning_modules.command_line.options.command import Command
from zsar.lightning_modules.command_line.options.fields import argument, group, option
from zsar.lightning_modules.command_line.options.shared import JsonOption
from zsar.runtime.nearest_names import did_you_mean


@dataclass(frozen=True)
class ModelsOptions:
    """The options of `zsar models`."""

    names: tuple[str, ...] = argument(
        "architectures to list: a name, a part of names (siglip), a pattern ('ViT-L-*') or the path of an open_clip "
        "JSON config; none for all",
        metavar="NAME",
        optional=True,
    )
    check: tuple[str, ...] = option(
        (),
        "build this architecture, or open_clip JSON config, with random weights, and run one frame, one text and one "
        "training step of each method; may be repeated",
        metavar="NAME",
    )
    methods: tuple[str, ...] = option(
        (),
        "list only architectures on which this method works, and --check it alone; may be repeated: "
        + ", ".join(METHODS),
        metavar="METHOD",
    )
    recompute: bool = option(
        False, "compute the rows here, a few seconds each, instead of reading the table that zsar includes"
    )
    max_memory: float | None = option(
        None,
        "with --check, memory that may be needed, in GB (10^9 bytes)",
        metavar="GB",
        otherwise="what is free",
        more_than=0,
        at_most=100_000,
    )
    output: tuple[Path, ...] = option(
        (), "also write the table: .json (everything) or .md (a page); may be repeated", metavar="FILE"
    )
    printing: JsonOption = group()

    @property
    def chosen_methods(self) -> tuple[MethodName, ...]:
        """Those of `--methods`; all if there are none."""
        return tuple(method for method in METHODS if not self.methods or method in self.methods)

    def __post_init__(self) -> None:
        """Checks that options fit together.

        Raises:
            ValueError: They do not.
        """
        for method in self.methods:
            if method not in METHODS:
                near = did_you_mean(method, METHODS)
                raise ValueError(f"--methods is one of {', '.join(METHODS)}; got {method!r}{near}")
        if self.check and (self.names or self.recompute or self.output):
            raise ValueError("--check tries single architectures; leave NAME, --recompute and --output out")
        if self.max_memory is not None and not self.check:
            raise ValueError("--max_memory is for --check, as the table takes no memory; leave it out")
        for path in self.output:
            if path.suffix not in (".json", ".md"):
                raise ValueError(f"--output is a file that ends in .json or .md; got {path}")


COMMAND = Command(
    "models",
    ModelsOptions,
    description="List the architectures of open_clip: parameters, image size, GFLOPs of a frame (matrix products, "
    "convolutions and attention of the visual tower, two operations for each multiplication with its addition), and "
    "which methods work on each, as the code of the method says. The table is included in zsar for the versions of "
    "open_clip and timm that it names; with others, rows are computed. `zsar models --check NAME` runs each method "
    "once; exit status 1 if one fails that does not refuse the model.",
    epilog="Examples: `zsar models siglip`, `zsar models --methods t2l --methods prompt_tuning`, "
    "`zsar models --check ViT-B-16-quickgelu`, `zsar models --json | jq '.architectures[].name'`.",
)
