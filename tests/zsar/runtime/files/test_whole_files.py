"""Files that are whole or not there, and that every writer of the product uses them."""

import ast
import errno
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from zsar.runtime.files.whole_files import whole_file, whole_folder, write_json_whole, write_text_whole

ROOT = Path(__file__).parents[4]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_there_when_the_block_ends_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "scores.csv"
    with whole_file(path) as unfinished:
        assert (unfinished.parent, unfinished.suffix) == (path.parent, ".csv")
        unfinished.write_text("a,b\n")
        assert not path.exists()
    assert path.read_text() == "a,b\n"
    assert names_in(path.parent) == ["scores.csv"]


def fail_in_the_middle(path: Path) -> None:
    with whole_file(path) as unfinished:
        unfinished.write_text("half")
        _ = 1 / 0


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = write_text_whole(tmp_path / "scores.csv", "old")
    with pytest.raises(ZeroDivisionError):
        fail_in_the_middle(path)
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["scores.csv"]


def test_a_full_disk_is_told_in_a_sentence_that_names_the_file(tmp_path: Path) -> None:
    path = write_text_whole(tmp_path / "last.ckpt", "whole")
    said = "last.ckpt could not be written: No space left on device .the old file is unchanged.; make room"
    with pytest.raises(OSError, match=said) as raised, whole_file(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert raised.value.errno == errno.ENOSPC
    assert path.read_text() == "whole"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="scores.csv could not be written"):
        write_text_whole(tmp_path / "file" / "scores.csv", "x")


def test_an_error_about_another_file_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent.txt"), whole_file(tmp_path / "copy.txt"):
        (tmp_path / "absent.txt").read_text()


def test_a_killed_writer_leaves_the_old_file_and_the_next_one_takes_its_leftovers(tmp_path: Path) -> None:
    path = write_text_whole(tmp_path / "last.ckpt", "whole")
    code = (
        "import sys, time; from zsar.runtime.files.whole_files import whole_file\n"
        "with whole_file(sys.argv[1]) as u:\n    u.write_text('half'); print('half', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=ROOT, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        with whole_file(path) as other:  # the writer lives: another name
            assert other.name != ".last.unfinished.ckpt"
            other.write_text("of another")
        writer.kill()
    assert path.read_text() == "of another"
    assert names_in(tmp_path) == [".last.unfinished.ckpt", "last.ckpt"]
    write_text_whole(path, "new")
    assert names_in(tmp_path) == ["last.ckpt"]
    assert path.read_text() == "new"


def test_a_folder_is_there_when_the_block_ends_and_not_before(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "v1.5"
    with whole_folder(folder) as unfinished:
        (unfinished / "a.txt").write_text("a")
        assert names_in(folder.parent) == [".v1.unfinished.5"]
    assert names_in(folder) == ["a.txt"]
    assert names_in(folder.parent) == ["v1.5"]


def test_a_folder_that_fails_is_not_there(tmp_path: Path) -> None:
    def fail() -> None:
        with whole_folder(tmp_path / "folder") as unfinished:
            (unfinished / "a.txt").write_text("half")
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        fail()
    assert names_in(tmp_path) == []


def test_of_two_who_make_a_folder_at_once_the_first_to_end_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    with whole_folder(folder) as slow:
        (slow / "slow").touch()
        with whole_folder(folder) as fast:
            assert fast != slow
            (fast / "fast").touch()
    assert names_in(folder) == ["fast"]
    assert names_in(tmp_path) == ["folder"]


def test_the_next_one_takes_the_place_of_one_who_was_killed_and_finds_it_empty(tmp_path: Path) -> None:
    left = tmp_path / ".folder.unfinished" / "deep"
    left.mkdir(parents=True)
    (left / "a.txt").touch()
    (left.parent / "link").symlink_to(left)
    with whole_folder(tmp_path / "folder") as unfinished:
        assert (unfinished, names_in(unfinished)) == (left.parent, [])
    assert names_in(tmp_path) == ["folder"]


def test_a_file_in_the_place_of_a_folder_is_left_as_it_is(tmp_path: Path) -> None:
    path = write_text_whole(tmp_path / "folder", "a file")
    with pytest.raises(NotADirectoryError), whole_folder(path):
        pass
    assert path.read_text() == "a file"
    assert names_in(tmp_path) == ["folder"]


def test_others_may_look_into_a_folder_as_into_any_new_one(tmp_path: Path) -> None:
    (tmp_path / "usual").mkdir()
    with whole_folder(tmp_path / "folder"):
        pass
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("usual", "folder")]
    assert modes[0] == modes[1]


def test_a_link_is_followed(tmp_path: Path) -> None:
    target = write_text_whole(tmp_path / "scratch" / "last.ckpt", "old")
    link = tmp_path / "last.ckpt"
    link.symlink_to(target)
    write_text_whole(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_others_may_read_what_they_could_read_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    with whole_file(tmp_path / "file") as unfinished:
        unfinished.unlink()
        os.close(os.open(unfinished, os.O_CREAT, 0o600))  # as safetensors does
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("usual", "file")]
    assert modes[0] == modes[1]


def test_a_name_of_the_greatest_length_can_be_written(tmp_path: Path) -> None:
    path = write_text_whole(tmp_path / ("ä" * 125 + ".json"), "x")
    assert path.read_text() == "x"


def test_json_is_indented_utf8_and_what_it_does_not_know_is_text(tmp_path: Path) -> None:
    path = write_json_whole(tmp_path / "x.json", {"class": "pêche", "folder": Path("a")})
    assert json.loads(path.read_text(encoding="utf-8")) == {"class": "pêche", "folder": "a"}
    assert "pêche" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_not_finite_is_in_no_json_file(tmp_path: Path, value: float) -> None:
    path = write_json_whole(tmp_path / "results.json", {"sets": {"test": {"top1": 50.0}}})
    before = path.read_bytes()
    with pytest.raises(
        ValueError, match=rf"results\.json is not written: sets\.test\.top1 \({value}\) is not a finite"
    ):
        write_json_whole(path, {"n": [1, 2], "sets": {"test": {"top1": value}}})
    with pytest.raises(ValueError, match=r"not written: curve\.1 \("):
        write_json_whole(path, {"curve": (0.5, value)})
    assert path.read_bytes() == before


def test_a_json_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = write_json_whole(tmp_path / "deep" / "x.json", {"a": 1})
    with pytest.raises(TypeError):
        write_json_whole(path, {(1, 2): "no key of JSON"})
    assert json.loads(path.read_text()) == {"a": 1}


WRITES = ("write_text", "write_bytes", "savefig", "save_file", "save", "replace", "rename", "copy2", "copyfile", "dump")


def test_no_file_of_the_product_is_written_but_within_whole_file() -> None:
    """A write outside a `with whole_file(...)` block can be cut in the middle; a journal is appended to."""
    found = []
    for package in ("zsar", "lightning_modules", "datamodules", "callbacks"):
        for path in sorted((ROOT / package).rglob("*.py")):
            module = path.relative_to(ROOT).as_posix()
            if module != "zsar/runtime/files/whole_files.py":
                found += [f"{module}:{line}" for line in writes_outside_whole_file(path.read_text())]
    assert found == []


def test_the_rule_above_sees_the_ways_of_writing() -> None:
    for code in ("p.write_text('')", "torch.save(a, p)", "open(p, 'w')", "p.open('wb')", "os.replace(a, b)"):
        assert writes_outside_whole_file(code) == [1]
        assert writes_outside_whole_file(f"with whole_file(q) as p:\n    {code}") == []
    for code in ("p.open('a')", "open(p)", "name.replace('a', 'b')", "replace(frozen, field=1)"):
        assert writes_outside_whole_file(code) == []


def writes_outside_whole_file(source: str) -> list[int]:
    """Lines that write a file, in no block of `whole_file` and with no comment `not whole: ...` that says why."""
    lines, tree = source.splitlines(), ast.parse(source)
    inside = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.With) and any("whole_file(" in ast.unparse(item) for item in node.items)
        for inner in ast.walk(node)
    }
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and id(node) not in inside]
    return [n.lineno for n in calls if is_write(n) and "# not whole: " not in " ".join(lines[n.lineno - 2 : n.lineno])]


def is_write(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    if name.split(".")[-1] == "open":
        return any(isinstance(a, ast.Constant) and str(a.value)[:1] in ("w", "x") for a in call.args)
    if name.endswith(".replace") or name == "replace":
        return name == "os.replace"
    if name.split(".")[-1] in ("save", "dump", "copy2"):
        return name in ("torch.save", "json.dump", "yaml.dump", "shutil.copy2")
    return name.split(".")[-1] in WRITES
