"""The table of all architectures that zsar includes, and the versions of open_clip and timm that it is of.

`make models` writes it. With other versions the sizes of architectures and the code of their towers may differ: then it
is not read, and rows are computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from zsar.lightning_modules.command_line.models.architecture_rows import COUNTED, ArchitectureRow, row_from_dict
from zsar.runtime.files.given_files import read_given_json

STORED = Path(__file__).parent / "architectures.json"
_PACKAGES = {"open_clip": "open_clip_torch", "timm": "timm"}  # import name -> the package that is installed


def installed_versions() -> dict[str, str]:
    """The versions of the packages that define the towers."""
    return {name: version(package) for name, package in _PACKAGES.items()}


def shown_versions(versions: Mapping[str, str]) -> str:
    """Versions in words: "open_clip 3.3.0 and timm 1.0.31"."""
    return " and ".join(f"{name} {number}" for name, number in versions.items())


def table_of(rows: Iterable[ArchitectureRow]) -> dict[str, Any]:
    """The table as JSON: versions, how operations are counted, rows."""
    return {
        "versions": installed_versions(),
        "counted": COUNTED,
        "architectures": [row.to_dict() for row in rows],
    }


def stored_versions() -> dict[str, str]:
    """The versions that the included table is of."""
    return dict(_stored()["versions"])


def stored_rows() -> dict[str, ArchitectureRow]:
    """The rows of the included table, by name."""
    return {row["name"]: row_from_dict(row) for row in _stored()["architectures"]}


def _stored() -> dict[str, Any]:
    table: dict[str, Any] = read_given_json(STORED, what="table of architectures", remedy="install zsar again")
    return table
