"""Sound files of both families, written once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.families import FAMILIES


@pytest.fixture(scope="session")
def sound_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Family -> the folder of its sound files."""
    folders = {}
    for family, of_family in FAMILIES.items():
        folders[family] = tmp_path_factory.mktemp(f"sound_{family}")
        of_family.write_seeds(folders[family])
    return folders
