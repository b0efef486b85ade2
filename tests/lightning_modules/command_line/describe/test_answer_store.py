import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from zsar.datamodules.class_text.text_files import read_class_text_file, write_class_text
from zsar.lightning_modules.command_line.describe import answer_store
from zsar.lightning_modules.command_line.describe.answer_store import AnswerStore


def store(folder: Path, *, model: str = "m", n_texts: int = 1, questions: Sequence[str] = ("Why?",)) -> AnswerStore:
    return AnswerStore(folder / "t.json", "description", model=model, n_texts=n_texts, questions=questions)


def test_an_answer_is_on_the_disk_before_add_returns(tmp_path: Path) -> None:
    first = store(tmp_path)
    first.add("a", "a text\u2028on", source="m at h")
    assert not (tmp_path / "t.json").exists()
    second = store(tmp_path)
    assert "a" in second
    assert "b" not in second
    second.add("b", "b text", source="m at h")
    assert len(store(tmp_path)) == 2


def test_the_output_has_the_order_asked_for_and_the_journal_is_gone(tmp_path: Path) -> None:
    filled = store(tmp_path)
    for name in ("c", "a", "b"):
        filled.add(name, f"{name} text", source="m at h")
    filled.write_output(["a", "b"], "toys")
    file = read_class_text_file(tmp_path / "t.json")
    assert list(file.classes) == ["a", "b", "c"]
    assert (file.kind, file.data_set, file.source) == ("description", "toys", "m at h")
    assert list(tmp_path.iterdir()) == [tmp_path / "t.json"]


def test_an_output_that_is_there_is_added_to_and_its_source_kept(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    write_class_text(path, "description", data_set="toys", source="me", classes={"a": "old", "z": "old"})
    filled = store(tmp_path)
    assert "a" in filled
    filled.add("b", "new", source="m at h")
    filled.write_output(["b", "a"], "other")
    file = read_class_text_file(path)
    assert file.classes == {"b": "new", "a": "old", "z": "old"}
    assert (file.data_set, file.source) == ("toys", "me; m at h")


@pytest.mark.parametrize("torn", ['{"kind": "descr', '{"kind": "description", "class": "b"}', "\u00e9"])
def test_a_torn_last_line_is_dropped_and_the_next_one_is_not_appended_to_it(tmp_path: Path, torn: str) -> None:
    store(tmp_path).add("a", "a text", source="s")
    journal = tmp_path / "t.json.partial"
    journal.write_bytes(journal.read_bytes() + torn.encode()[: -1 if len(torn) == 1 else None])
    again = store(tmp_path)
    assert "a" in again
    assert "b" not in again
    again.add("c", "c text", source="s")
    assert "c" in store(tmp_path)
    assert [json.loads(line)["class"] for line in journal.read_text().splitlines()] == ["a", "c"]


def test_a_foreign_line_in_the_journal_is_named(tmp_path: Path) -> None:
    store(tmp_path).add("a", "a text", source="s")
    with (tmp_path / "t.json.partial").open("a") as stream:
        stream.write('{"class": "b"}\n')
    with pytest.raises(ValueError, match=r"t\.json\.partial: line 2 was not written by zsar"):
        store(tmp_path)


def test_answers_of_another_model_are_neither_used_nor_removed(tmp_path: Path) -> None:
    store(tmp_path, model="other").add("a", "theirs", source="s")
    ours = store(tmp_path)
    assert ours.n_of_others == 1
    assert "a" not in ours
    ours.add("a", "ours", source="s")
    ours.write_output(["a"], "toys")
    assert read_class_text_file(tmp_path / "t.json").classes == {"a": "ours"}
    lines = (tmp_path / "t.json.partial").read_text().splitlines()
    assert json.loads(lines[0])["texts"] == "theirs"


def test_answers_to_other_questions_are_neither_used_nor_removed(tmp_path: Path) -> None:
    store(tmp_path, questions=("How?",)).add("a", "theirs", source="s")
    journal = tmp_path / "t.json.partial"
    with journal.open("a") as stream:  # as before questions were stated
        stream.write('{"kind": "description", "class": "b", "model": "m", "source": "s", "texts": "older"}\n')
    ours = store(tmp_path)
    assert (ours.n_of_others, len(ours)) == (2, 0)
    assert "a" in store(tmp_path, questions=("How?",))


def test_an_output_of_another_kind_or_number_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    write_class_text(path, "explanation", data_set="toys", source="me", classes={"a": "x"})
    with pytest.raises(ValueError, match="exists and is of kind explanation, not description"):
        store(tmp_path)
    write_class_text(path, "description", data_set="toys", source="me", classes={"a": ["x", "y"]})
    with pytest.raises(ValueError, match="has 2 texts for 'a', not 1, .* give another --output"):
        store(tmp_path)


def test_a_failed_write_of_the_output_keeps_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*arguments: object, **settings: object) -> None:
        raise OSError("no space left")

    filled = store(tmp_path)
    filled.add("a", "a text", source="s")
    monkeypatch.setattr(answer_store, "write_class_text", full_disk)
    with pytest.raises(OSError, match="no space left"):
        filled.write_output(["a"], "toys")
    assert "a" in store(tmp_path)
