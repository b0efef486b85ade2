import json
from pathlib import Path

import pytest

from datamodules.class_text.descriptions import read_descriptions


def written(path: Path, content: object) -> Path:
    (path / "d.json").write_text(json.dumps(content))
    return path / "d.json"


def test_descriptions_are_the_prompts_in_label_order(tmp_path: Path) -> None:
    path = written(tmp_path, {"b": ["b one", "b two"], "a": ["a one", "a two"], "other": "x"})
    text = read_descriptions("test", ["a", "b"], path)
    assert text.prompts == (("a one", "a two"), ("b one", "b two"))
    assert text.source == "descriptions: d.json"


def test_every_class_without_a_description_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="lack 2 of 3 classes: a, c"):
        read_descriptions("test", ["a", "b", "c"], written(tmp_path, {"b": "x", "c": ""}))


@pytest.mark.parametrize("content", ["[", '["a"]'])
def test_a_malformed_file_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "d.json").write_text(content)
    with pytest.raises(ValueError, match=r"d\.json (cannot be read|must be a JSON object)"):
        read_descriptions("test", ["a"], tmp_path / "d.json")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="nowhere.json cannot be read"):
        read_descriptions("test", ["a"], tmp_path / "nowhere.json")
