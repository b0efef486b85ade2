"""What the breaks share: commands of zsar that must end well, one seed, and a table."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from zsar.lightning_modules.command_line.cli import main as zsar

FOLDER = Path("runs/evidence/breaks")


def parser_of(description: str | None, *, seeded: str) -> argparse.ArgumentParser:
    """A command line with `--seed`.

    Args:
        description: The script's docstring, whose first line is shown.
        seeded: What the seed is of.
    """
    parser = argparse.ArgumentParser(description=(description or "").split("\n")[0])
    parser.add_argument("--seed", type=int, default=0, help=seeded)
    return parser


def run(*command: str) -> None:
    """Runs a command of zsar, and ends where it fails."""
    if zsar(list(command)):
        raise SystemExit(1)


def seeded(folder: Path, seed: int) -> tuple[str, ...]:
    """The options of a run with a seed of its own, in clips and in training, in a folder."""
    return ("--seed_everything", str(seed), "--data.render_seed", str(seed), "--run_dir", str(folder))


def row(*cells: str) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def print_table(columns: Iterable[str], rows: Iterable[str], *, n_texts: int = 1) -> None:
    """Prints a Markdown table.

    Args:
        columns: Its headings.
        rows: As `row` makes them.
        n_texts: How many columns, from the left, hold text.
    """
    headings = list(columns)
    print(row(*headings))
    print(f"|{'---|' * n_texts}{'---:|' * (len(headings) - n_texts)}")
    print("\n".join(rows))
