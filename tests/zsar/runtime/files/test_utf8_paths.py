import os
from pathlib import Path

import pytest

from zsar.runtime.files.utf8_paths import utf8_path


def test_a_path_in_utf8_is_itself(tmp_path: Path) -> None:
    path = tmp_path / "José [x].mp4"
    with utf8_path(path) as same:
        assert same == path


def test_another_leads_to_the_same_file_by_a_path_in_utf8(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/ros\xe9"))
    path.write_text("content")
    with utf8_path(path) as other:
        str(other).encode("utf-8")
        assert other.read_text() == "content"
    with pytest.raises(FileNotFoundError), utf8_path(path.with_suffix(".gone")):
        pass
