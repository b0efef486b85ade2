import re
from collections.abc import Callable
from pathlib import Path

import pytest

from zsar.api.class_names import check_names_fit, each_class_once, read_class_names
from zsar.datamodules.class_text.templates import fill_templates
from zsar.lightning_modules.command_line.cli import main
from zsar.lightning_modules.open_clip_towers.weights.weight_files import BackboneError

COMMANDS = {
    "classify": ["VIDEO", "--architecture", "tiny-clip", "--weights", "WEIGHTS"],
    "localize": ["VIDEO", "--architecture", "tiny-clip", "--weights", "WEIGHTS", "--output", "OUTPUT"],
    "describe": ["--kind", "description", "--output", "OUTPUT", "--base-url", "http://127.0.0.1:9/v1"],
}
"""Every command that takes class names, with what else it needs."""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def writing(text: str) -> Path:
        (path := tmp_path / "names.txt").write_bytes(text.encode("utf-8", "surrogateescape"))
        return path

    return writing


def test_names_of_both_sources_come_in_their_order(write: Write) -> None:
    path = write("\ufeffswimming\n\n  playing chess \nsurfing\n")
    assert read_class_names(" diving, rowing,,", path) == ["diving", "rowing", "swimming", "playing chess", "surfing"]
    assert read_class_names(None, path) == ["swimming", "playing chess", "surfing"]
    assert read_class_names(None, None) == []


def test_a_line_that_begins_with_a_hash_is_a_comment(write: Write) -> None:
    assert read_class_names(None, write("# sports\nswimming\n# 2 more\nrowing\n")) == ["swimming", "rowing"]
    with pytest.raises(ValueError, match="holds no class name"):
        read_class_names(None, write("# nothing else\n"))


def test_a_class_that_is_named_twice_is_an_error_that_says_where(write: Write) -> None:
    path = write("swimming\n\nsurfing\nswimming\n")
    with pytest.raises(ValueError, match=r"^--classes: 'run' is listed twice; name it once$"):
        read_class_names("run, jump ,  run", None)
    with pytest.raises(ValueError, match=r"names\.txt:4: 'swimming' is listed twice \(the first in .*names\.txt:1\)"):
        read_class_names(None, path)
    with pytest.raises(ValueError, match=r"names\.txt:3: 'surfing' is listed twice \(the first in --classes\)"):
        read_class_names("surfing", path)


@pytest.mark.parametrize("header", ["id,name", "name,id", '"id","name"', "id,name,extra"])
def test_a_file_with_the_columns_id_and_name_is_a_table(write: Write, header: str) -> None:
    cells = {"id": ("0", "1"), "name": ("abseiling", '"one, then two"'), "extra": ("x", "y")}
    rows = [",".join(cells[column][i] for column in header.replace('"', "").split(",")) for i in range(2)]
    assert read_class_names(None, write("\n".join([header, *rows]))) == ["abseiling", "one, then two"]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("name\nrun\njump\n", 1, "header of a table"),
        ("\nClass:\nrun\njump\n", 2, "header of a table"),
        ("index;label\n0;run\n", 1, "header of a table"),
        ("path,label,,\na,run,,\n", 1, "header of a table"),
        ("a.mp4,run\nc.mp4,jump\n", 1, "names a video"),
        ("run\nclips/c.AVI 3\n", 2, "names a video"),
        ('run\n"my clip.webm"\n', 2, "names a video"),
        ("run\n1,jump\n", 2, "a number and a name"),
        ("0 abseiling\n1 air drumming\n", 1, "a number and a name"),
        ("1. run\n2. jump\n3. sit\n", 1, "a number and a name"),
        ("run,0\njump,1\n", 1, "a number and a name"),
        ("run\nhigh\tjump\n", 2, "has a tab"),
        ("- run\n- jump\n", 1, "list mark"),
        ('["run",\n"jump"]\n', 1, "JSON"),
        ("run\n\n12\n", 3, "only a number"),
        ("run\n--\n", 2, "only punctuation"),
        ("run\nju\u200bmp\n", 2, "U+200B"),
        ("run\nju\x07mp\n", 2, "U+0007"),
        ("run\nr\udce9\n", 2, "UTF-8"),
        ("arm wrestling\nrun\nArm_Wrestling\n", 3, "'arm wrestling' and 'Arm_Wrestling' are one class"),
        ("run\n" + "a" * 1001, 2, "at most 1,000"),
    ],
)
def test_what_is_no_list_of_names_is_refused_with_its_line(write: Write, text: str, line: int, message: str) -> None:
    path = write(text)
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        read_class_names(None, path)
    assert str(error.value).startswith(f"{path}:{line}: ")


@pytest.mark.parametrize(
    "text", ["10 pin bowling\n3 point shot\n", "[Something] falls\n", "one, then two\nrun\n", "7up\n"]
)
def test_numbers_brackets_and_commas_may_be_part_of_a_name(write: Write, text: str) -> None:
    assert read_class_names(None, write(text)) == text.splitlines()


def test_an_empty_file_and_a_missing_one_are_named(write: Write, tmp_path: Path) -> None:
    path = write("\n \n")
    with pytest.raises(ValueError, match=f"{path}: holds no class name"):
        read_class_names(None, path)
    with pytest.raises(FileNotFoundError, match=r"gone\.txt"):
        read_class_names(None, tmp_path / "gone.txt")


def test_quotes_hold_the_commas_of_a_name(write: Write) -> None:
    assert read_class_names('"one, then two", run', None) == ["one, then two", "run"]
    assert read_class_names(None, write('"one, then two"\nrun\n')) == ["one, then two", "run"]
    assert read_class_names('say "no", run', None) == ['say "no"', "run"]
    for wrong in ('run, "jump', "run\njump"):
        with pytest.raises(ValueError, match="--classes .* is not a list of names"):
            read_class_names(wrong, None)


def test_lists_are_merged_where_they_spell_a_class_in_one_way() -> None:
    assert each_class_once(["run", "jump"], ["jump", "sit"]) == ["run", "jump", "sit"]
    with pytest.raises(ValueError, match="'jump' and 'Jump' are one class"):
        each_class_once(["run", "jump"], ["Jump"])


def test_a_name_that_the_text_tower_cannot_hold_is_named_with_both_counts() -> None:
    text = fill_templates("classify", ["run", "to " * 80], "a video of {}")
    with pytest.raises(
        ValueError, match=r"class 'to to .* has 85 tokens in its prompt, but ViT-B-16 reads 77; shorten"
    ):
        check_names_fit(text, "ViT-B-16")
    check_names_fit(fill_templates("classify", ["run", "to " * 72], "a video of {}"), "ViT-B-16")
    check_names_fit(text, "hf-hub:somebody/model")  # whose tokenizer comes with the weights
    with pytest.raises(BackboneError, match="has no architecture 'ViT-Z'"):
        check_names_fit(text, "ViT-Z")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("arm wrestling, Arm_Wrestling", "are one class"),
        ("1, 2, 3", "only a number"),
        ("run, --, jump", "only punctuation"),
        ("run, ju\u200bmp", "U+200B"),
        ('run, "jump', "is not a list of names"),
    ],
)
def test_every_command_refuses_them_before_its_work(
    command: str, names: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "video.mp4").touch()
    places = {"VIDEO": tmp_path / "video.mp4", "WEIGHTS": tmp_path / "gone.pt", "OUTPUT": tmp_path / "output"}
    further = [str(places.get(word, word)) for word in COMMANDS[command]]
    assert main([command, *further, "--classes", names]) != 0
    error = capsys.readouterr().err
    assert message in error
    assert "gone.pt" not in error
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize("command", ["classify", "localize"])
def test_names_that_are_too_long_are_refused_before_weights_are_loaded(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "video.mp4").touch()
    places = {"VIDEO": tmp_path / "video.mp4", "WEIGHTS": tmp_path / "gone.pt", "OUTPUT": tmp_path / "output"}
    further = [str(places.get(word, word)) for word in COMMANDS[command]]
    assert main([command, *further, "--classes", f"run, {'to ' * 80}"]) != 0
    assert "tokens in its prompt, but tiny-clip reads 16" in " ".join(capsys.readouterr().err.split())
