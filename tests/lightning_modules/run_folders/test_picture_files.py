import json
from pathlib import Path
from typing import Any

import pytest

from zsar.lightning_modules.run_folders.picture_files import (
    Picture,
    read_pictures,
    replace_pictures,
    written_pictures,
)


def written(folder: Path, kind: str, stem: str, *, stage: str = "test") -> Picture:
    files = {"picture": f"{kind}/novel/{stem}.png", "numbers": f"{kind}/novel/{stem}.json"}
    for name in files.values():
        path = folder / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(stem)
    return Picture(kind, stage, "novel", f"title of {stem}", "alt", files)


def names(paths: list[Path], folder: Path) -> list[str]:
    return [path.relative_to(folder / "pictures").as_posix() for path in paths]


def test_a_folder_without_pictures_has_none(tmp_path: Path) -> None:
    assert read_pictures(tmp_path) == []
    assert written_pictures(tmp_path, "test") == []
    replace_pictures(tmp_path, [], kind="confusion", stage="test")
    assert list(tmp_path.iterdir()) == []


def test_what_was_written_is_read_in_its_order(tmp_path: Path) -> None:
    pictures = [written(tmp_path, "mistakes", stem) for stem in ("b", "a")]
    replace_pictures(tmp_path, pictures, kind="mistakes", stage="test")
    further = [written(tmp_path, "confusion", "c")]
    replace_pictures(tmp_path, further, kind="confusion", stage="test")
    assert read_pictures(tmp_path) == pictures + further
    assert pictures[0].path(tmp_path, "picture") == tmp_path / "pictures" / "mistakes" / "novel" / "b.png"
    assert pictures[0].path(tmp_path, "video") is None


def test_pictures_of_the_same_kind_and_stage_replace_the_earlier_with_their_files(tmp_path: Path) -> None:
    before = [written(tmp_path, "mistakes", stem) for stem in ("a", "b")]
    replace_pictures(tmp_path, before, kind="mistakes", stage="test")
    kept = [written(tmp_path, "timelines", "p", stage="predict"), written(tmp_path, "confusion", "c")]
    replace_pictures(tmp_path, kept[:1], kind="timelines", stage="predict")
    replace_pictures(tmp_path, kept[1:], kind="confusion", stage="test")
    (tmp_path / "pictures" / "mistakes" / "novel" / "notes.txt").write_text("mine")
    now = [written(tmp_path, "mistakes", "b")]
    replace_pictures(tmp_path, now, kind="mistakes", stage="test")
    assert read_pictures(tmp_path) == kept + now
    left = sorted(path.name for path in (tmp_path / "pictures" / "mistakes" / "novel").iterdir())
    assert left == ["b.json", "b.png", "notes.txt"]
    assert names(written_pictures(tmp_path, "predict"), tmp_path) == ["timelines/novel/p.json", "timelines/novel/p.png"]
    of_test = names(written_pictures(tmp_path, "test"), tmp_path)
    assert of_test == [f"{stem}.{end}" for stem in ("confusion/novel/c", "mistakes/novel/b") for end in ("json", "png")]


def test_the_index_goes_with_the_last_stage(tmp_path: Path) -> None:
    replace_pictures(tmp_path, [written(tmp_path, "mistakes", "a")], kind="mistakes", stage="test")
    assert "index.json" in names(written_pictures(tmp_path, "test"), tmp_path)
    assert written_pictures(tmp_path, "predict") == []
    replace_pictures(tmp_path, [written(tmp_path, "mistakes", "p", stage="predict")], kind="mistakes", stage="predict")
    assert "index.json" not in names(written_pictures(tmp_path, "test"), tmp_path)
    assert "index.json" in names(written_pictures(tmp_path, "test", "predict"), tmp_path)


def test_pictures_whose_files_were_removed_are_no_longer_there(tmp_path: Path) -> None:
    pictures = [written(tmp_path, "mistakes", stem) for stem in "ab"]
    replace_pictures(tmp_path, pictures, kind="mistakes", stage="test")
    for name in pictures[0].files.values():
        (tmp_path / "pictures" / name).unlink()
    assert read_pictures(tmp_path) == pictures[1:]


GOOD = {"kind": "k", "stage": "test", "set_name": "s", "title": "t", "alt": "a", "files": {"picture": "k/s/a.png"}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not a JSON file"),
        ([], "it has no list of pictures"),
        ({"pictures": {}}, "it has no list of pictures"),
        ({"pictures": [3]}, "entry 1 is not a picture with kind, stage, set_name, title, alt"),
        ({"pictures": [GOOD, {**GOOD, "title": None}]}, "entry 2 is not a picture with"),
        ({"pictures": [{**GOOD, "files": ["a.png"]}]}, "entry 1 has no files by role"),
        ({"pictures": [{**GOOD, "files": {"picture": 3}}]}, "entry 1 has no files by role"),
        *(
            ({"pictures": [{**GOOD, "files": {"picture": name}}]}, "entry 1 lists '.*', which is not in .*pictures")
            for name in ("../results.json", "/etc/passwd", "a/../../b.png", "", "a\\b.png")
        ),
    ],
)
def test_an_index_that_is_not_ours_is_refused(tmp_path: Path, content: Any, message: str) -> None:
    path = tmp_path / "pictures" / "index.json"
    path.parent.mkdir()
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    for read in (lambda: read_pictures(tmp_path), lambda: written_pictures(tmp_path, "test")):
        with pytest.raises(ValueError, match=message) as refused:
            read()
        assert str(path) in str(refused.value)
        assert "\n" not in str(refused.value)
