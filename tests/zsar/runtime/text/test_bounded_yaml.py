from pathlib import Path

import pytest
import yaml

from zsar.runtime.text.bounded_yaml import (
    MOST_BYTES,
    MOST_LEVELS,
    MOST_VALUES,
    UnboundedYamlError,
    bounded_loader,
    check_bounded,
    read_yaml,
    read_yaml_file,
)

LAUGHS = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{b}: &{b} [{', '.join(9 * [f'*{a}'])}]\n" for a, b in zip("abcdefghijk", "bcdefghijkl", strict=True)
)
UNBOUNDED = {
    "itself": "a: &a [*a]",
    "itself deeper": "a: &a {b: {c: [1, *a]}}",
    "laughs": LAUGHS,
    "deep brackets": "[" * 100_000,
    "deep lists": "- " * 5000 + "x",
    "deep mappings": "".join(f"{' ' * i}a:\n" for i in range(500)),
    "long": "a: " + "x" * MOST_BYTES,
    "many": f"[{'1, ' * MOST_VALUES}1]",
}


@pytest.mark.slow
@pytest.mark.parametrize("text", UNBOUNDED.values(), ids=UNBOUNDED)
def test_a_text_beyond_a_limit_is_refused(text: str, tmp_path: Path) -> None:
    for read in (check_bounded, read_yaml):
        with pytest.raises(yaml.YAMLError):
            read(text)
    (tmp_path / "e.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"e\.yaml is not a "):
        read_yaml_file(tmp_path / "e.yaml")


def test_limits_are_named() -> None:
    for name, words in (("itself", "contains itself"), ("laughs", "200,000 values"), ("deep lists", "limit of 64")):
        with pytest.raises(UnboundedYamlError, match=words):
            check_bounded(UNBOUNDED[name])


def test_what_is_within_the_limits_is_read_as_it_is_written() -> None:
    assert read_yaml("a: &x {b: [1, 2.5, null, true]}\nc: *x\nd: *x") == {
        name: {"b": [1, 2.5, None, True]} for name in "acd"
    }
    deep = "[" * (MOST_LEVELS - 1) + "]" * (MOST_LEVELS - 1)
    assert read_yaml(deep) == yaml.safe_load(deep)


@pytest.mark.parametrize("text", ["a: 1\nb: 2\na: 3", "{a: 1, a: 1}", "x: {y: 1, z: {y: 1}, y: 2}"])
def test_a_key_that_is_given_twice_is_an_error(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match="is given twice, in lines"):
        read_yaml(text)


@pytest.mark.parametrize("tag", ["object/apply:os.system", "name:os.system", "module:os", "object:os.x", "tuple"])
def test_python_s_own_tags_are_refused(tag: str) -> None:
    with pytest.raises(yaml.YAMLError, match="could not determine a constructor"):
        read_yaml(f"a: !!python/{tag} [x]")


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "e.yaml").write_bytes(b"a: \xe9")
    with pytest.raises(ValueError, match=r"e\.yaml is not UTF-8 text"):
        read_yaml_file(tmp_path / "e.yaml")
    (tmp_path / "e.yaml").write_bytes(b"\xef\xbb\xbfa: 1")
    assert read_yaml_file(tmp_path / "e.yaml") == {"a": 1}


def test_another_loader_becomes_bounded() -> None:
    loader = bounded_loader(yaml.SafeLoader)
    assert yaml.load("{a: [1]}", Loader=loader) == {"a": [1]}
    with pytest.raises(UnboundedYamlError):
        yaml.load(LAUGHS, Loader=loader)
