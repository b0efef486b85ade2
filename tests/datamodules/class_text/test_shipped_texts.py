"""The class texts that come with the package: complete, distinct, of a length that CLIP reads, correctly spelled."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import codespell_lib
import numpy as np
import open_clip
import pytest

from tests.makers.files.class_text_files import SCHEMA
from tests.makers.source_tree import ROOT
from tests.reference.json_schema import is_valid
from zsar.datamodules.class_identity import clean_names
from zsar.datamodules.class_text.action_prompts import ATTRIBUTES
from zsar.datamodules.class_text.text_files import (
    FOLDER,
    read_class_text,
    read_class_text_file,
    shipped_class_text,
    texts_of,
)
from zsar.datamodules.class_text.vocabulary import exact_names
from zsar.datamodules.data_sets.kinetics600 import new_classes
from zsar.datamodules.rendering.moving_shapes_rendering import all_classes
from zsar.datamodules.rendering.phased_activities_rendering import all_activities

KNOWN = ("ucf101", "hmdb51", "kinetics400", "ssv2", "activitynet", "thumos14")
CLASSES: Mapping[str, tuple[str, ...]] = {
    **{data_set: clean_names(exact_names(data_set)) for data_set in KNOWN},
    "kinetics600_new": clean_names(new_classes()),
    "moving_shapes": tuple(moving_shape.name for moving_shape in all_classes()),
    "phased_activities": tuple(activity.name for activity in all_activities()),
}
SHIPPED = {
    "ucf101": ("action_prompts", "descriptions", "explanations"),
    "hmdb51": ("action_prompts", "descriptions", "explanations"),
    "kinetics400": ("descriptions", "explanations"),
    "kinetics600_new": ("descriptions", "explanations"),
    "ssv2": ("descriptions",),
    "activitynet": ("descriptions", "explanations"),
    "thumos14": ("descriptions", "explanations"),
    "moving_shapes": ("action_prompts", "explanations"),
    "phased_activities": ("action_prompts", "descriptions"),
}
FILES = [f"{data_set}_{kind}" for data_set, kinds in SHIPPED.items() for kind in kinds]
# Texts of rendered data sets are fixed phrases around a few words, for a model with few words.
PROSE = [name for name in FILES if not name.startswith(("moving_shapes", "phased_activities"))]
SENTENCES = [name for name in PROSE if not name.endswith("action_prompts") and not name.startswith("ssv2")]


class Limits(NamedTuple):
    """What is asked of the texts of a kind.

    Attributes:
        fewest: Tokens at least, without those of start and end; CLIP reads 75.
        most: Tokens at most.
        overlap: Largest share of the words of two texts that both hold.
        own: Fewest words that are not in the class name.
    """

    fewest: int
    most: int
    overlap: float
    own: int


OF_KIND = {
    "descriptions": Limits(33, 60, 0.4, 15),
    "explanations": Limits(18, 60, 0.4, 10),
    "action_prompts": Limits(4, 30, 0.8, 4),
}
OF_SSV2 = Limits(30, 60, 0.5, 15)  # short actions, which differ by a word or two
SHARED_CONTENT = 0.55  # largest share of the words of two texts that both hold, without function words
COMMONEST_OPENING = 0.06  # share of the texts that begin with the same three words


def texts_by_class(name: str) -> dict[str, tuple[str, ...]]:
    content = read_class_text_file(FOLDER / f"{name}.json").classes
    return {class_name: texts_of(texts) for class_name, texts in content.items()}


def kind_of(name: str) -> str:
    return next(kind for kind in ("descriptions", "explanations", "action_prompts") if name.endswith(kind))


def limits(name: str) -> Limits:
    return OF_SSV2 if name.startswith("ssv2") else OF_KIND[kind_of(name)]


def words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z]+", text.lower()))


# --- what is there ----------------------------------------------------------------------------------------------------


def test_the_shipped_files_are_those_of_the_papers() -> None:
    assert set(shipped_class_text()) == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_every_class_is_there_once_and_no_other(name: str) -> None:
    path = FOLDER / f"{name}.json"
    file = read_class_text_file(path)
    assert is_valid(json.loads(path.read_text()), SCHEMA)
    data_set = name.removesuffix(f"_{kind_of(name)}")
    assert kind_of(name).removesuffix("s") == file.kind.removesuffix("s")
    assert file.data_set
    assert file.source
    assert list(file.classes) == list(CLASSES[data_set]), "the order is that of the labels"
    prompts = read_class_text("test", CLASSES[data_set], name).prompts
    assert len(set(prompts)) == len(CLASSES[data_set])


@pytest.mark.parametrize("name", ["hmdb51_action_prompts", "ucf101_action_prompts"])
def test_ap_clip_has_three_prompts_for_each_of_twelve_attributes(name: str) -> None:
    counts = set()
    for texts in read_class_text_file(FOLDER / f"{name}.json").classes.values():
        assert isinstance(texts, dict)
        counts |= {len(texts[attribute.name]) for attribute in ATTRIBUTES}
    assert counts == {3}
    assert {len(texts) for texts in texts_by_class(name).values()} == {36}


# --- form -------------------------------------------------------------------------------------------------------------


def faults_of_form(text: str) -> Iterator[str]:
    if not text.isascii():
        yield "is not ASCII"
    if text != " ".join(text.split()):
        yield "has stray white space"
    if re.fullmatch(r"[A-Z\"'].*[^.,;: ]\.", text, re.DOTALL) is None:
        yield "does not begin with a capital and end with a full stop"
    if re.search(r"\b(?!yo\b)([a-z]+) \1\b", text.lower()):
        yield "says a word twice"
    if re.search(r" [,.;:]|,,|[(][^)]*$", text):
        yield "is wrongly punctuated"


@pytest.mark.parametrize("name", PROSE)
def test_texts_are_plain_sentences(name: str) -> None:
    faults = [
        (text, fault) for texts in texts_by_class(name).values() for text in texts for fault in faults_of_form(text)
    ]
    assert faults == []


@pytest.mark.parametrize(
    "text", ["A cat", "a cat.", "A  cat.", "A cat .", "A café.", "A cat\n.", "The the cat.", "A (cat."]
)
def test_a_text_of_bad_form_is_seen(text: str) -> None:
    assert list(faults_of_form(text))


def lengths(texts: tuple[str, ...]) -> list[int]:
    tokenizer = open_clip.get_tokenizer("ViT-B-16")
    return [int((row != 0).sum()) - 2 for row in tokenizer(list(texts), context_length=200)]


@pytest.mark.parametrize("name", PROSE)
def test_texts_are_as_long_as_their_kind_asks(name: str) -> None:
    fewest, most, *_ = limits(name)
    texts = tuple(text for texts in texts_by_class(name).values() for text in texts)
    assert [text for text, length in zip(texts, lengths(texts), strict=True) if not fewest <= length <= most] == []


def test_tokens_are_counted_as_clip_does() -> None:
    assert lengths(("A cat.", "a man " * 90)) == [3, 180]


# --- content ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PROSE)
def test_no_text_is_the_name_alone(name: str) -> None:
    texts = [(class_name, text) for class_name, texts in texts_by_class(name).items() for text in texts]
    assert [text for class_name, text in texts if len(words(text) - words(class_name)) < limits(name).own] == []


def is_named(class_name: str, text: str) -> bool:
    """Whether a word of the text begins as one of the class name does, apart from words of many names."""
    of_many = words("playing using doing making putting getting a the in on of or to with up")
    return any(re.search(rf"\b{word[:3]}", text.lower()) for word in words(class_name) - of_many)


@pytest.mark.parametrize("name", SENTENCES)
def test_a_text_names_its_action(name: str) -> None:
    """A model that never saw the class can use the words of its name."""
    texts = [(class_name, text) for class_name, texts in texts_by_class(name).items() for text in texts]
    assert [text for class_name, text in texts if not is_named(class_name, text)] == []


def test_a_text_without_its_name_is_seen() -> None:
    assert is_named("playing chess", "Chess is a board game.")
    assert not is_named("playing chess", "Playing at a board, two people think.")


@pytest.mark.parametrize("name", PROSE)
def test_texts_do_not_all_begin_with_the_same_words(name: str) -> None:
    texts = [text for texts in texts_by_class(name).values() for text in texts]
    openings = Counter(" ".join(text.split()[:3]).lower() for text in texts)
    (opening, count), *_ = openings.most_common(1)
    assert count <= max(1, COMMONEST_OPENING * len(texts)), opening


FUNCTION_WORDS = words(
    "a an the of is are in on it this that and or to with at by from as its one two up down over under into for their "
    "her his they while then after before without each other who"
)


def content_words(text: str) -> frozenset[str]:
    """The words that say something, singular and plural as one."""
    return frozenset(word.rstrip("s") for word in words(text) - FUNCTION_WORDS)


def near_equal(
    texts: list[str], most: float, words_of: Callable[[str], frozenset[str]] = words
) -> list[tuple[str, str]]:
    """Pairs of texts that share more than `most` of the words of both, or are the same."""
    bags = [words_of(text) for text in texts]
    columns = {word: i for i, word in enumerate(sorted(frozenset().union(*bags)))}
    holds = np.zeros((len(texts), len(columns)), np.float32)
    for row, bag in zip(holds, bags, strict=True):
        row[[columns[word] for word in bag]] = 1
    shared, sizes = holds @ holds.T, holds.sum(1)
    near = np.triu(shared > most * (sizes[:, None] + sizes - shared), k=1)
    return [(texts[i], texts[j]) for i, j in np.argwhere(near)]


@pytest.mark.parametrize("name", PROSE)
def test_no_two_texts_say_nearly_the_same(name: str) -> None:
    texts = [text for texts in texts_by_class(name).values() for text in texts]
    assert near_equal(texts, limits(name).overlap) == []
    assert near_equal(texts, SHARED_CONTENT, content_words) == []


def test_texts_that_say_the_same_in_other_small_words_are_seen() -> None:
    texts = ["A plain wall with a trainer's logo.", "The plain walls, and on it the trainer's logo.", "A plain wall."]
    assert near_equal(texts, 0.8) == []
    assert near_equal(texts, SHARED_CONTENT, content_words) == [(texts[0], texts[1])]


def test_texts_that_share_their_words_are_seen() -> None:
    texts = ["A cat sits on a mat.", "On a mat a cat sits!", "A dog runs.", "A cat sits on a chair."]
    assert near_equal(texts, 0.7) == [(texts[0], texts[1])]  # 5 of 5 words; 4 of 6 with the last
    assert len(near_equal(texts, 0.6)) == 3


# --- spelling ---------------------------------------------------------------------------------------------------------


def misspelt(lines: list[str], folder: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What codespell says of the lines, with the project's list of words that are right."""
    (folder / "texts.txt").write_text("\n".join(lines))
    codespell_lib.main("--toml", str(ROOT / "pyproject.toml"), str(folder / "texts.txt"))
    return capsys.readouterr().out


@pytest.mark.parametrize("name", FILES)
def test_texts_are_spelled_as_a_dictionary_does(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = [text for texts in texts_by_class(name).values() for text in texts]
    assert misspelt(texts, tmp_path, capsys) == ""


def test_a_misspelt_word_is_seen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = "rec" + "ieves"
    assert f"{wrong} ==> receives" in misspelt([f"A player {wrong} a ball."], tmp_path, capsys)
