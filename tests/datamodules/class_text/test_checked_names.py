import re

import pytest

from zsar.datamodules.class_text.checked_names import (
    MOST_CHARACTERS,
    checked_names,
    name_problem,
    same_class,
    too_few_classes,
)
from zsar.datamodules.class_text.vocabulary import exact_names


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "is empty"),
        (" \u200b", "is empty"),
        ("12", "is only a number"),
        ("-1.5", "is only a number"),
        ("\u00b2", "is only a number"),
        ("--", "is only punctuation"),
        ("run\x07", "U+0007"),
        ("ru\u200bn", "U+200B"),
        ("r\udce9", "U+DCE9"),
        ("a" * (MOST_CHARACTERS + 1), "1,001 characters, but a class name has at most 1,000"),
        (3, "is not a text"),
        (None, "is not a text"),
    ],
)
def test_what_can_be_no_class_name_is_told(name: object, problem: str) -> None:
    assert problem in str(name_problem(name))
    with pytest.raises(ValueError, match=r"^--data\.classes"):
        checked_names(["jump", name], "--data.classes")  # type: ignore[list-item]


def test_the_classes_of_all_known_data_sets_are_class_names() -> None:
    for data_set in ("ucf101", "hmdb51", "kinetics400", "kinetics600", "ssv2", "activitynet", "thumos14"):
        assert not [name for name in exact_names(data_set) if name_problem(name) is not None]
    assert name_problem("10 pin bowling") is None
    assert name_problem("\u8dd1\u6b65") is None


def test_names_are_given_back_plain_and_in_their_order() -> None:
    assert checked_names([" Tai  Chi ", "re\u0301"], "names") == ("Tai Chi", "r\u00e9")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["run", "jump", "run "], "names 'run' more than once"),
        (["Arm Wrestling", "arm_wrestling"], "'Arm Wrestling' and 'arm_wrestling' are one class ('arm wrestling')"),
        (["r\u00e9", "RE\u0301"], "are one class"),
        ([], "must be at least one name"),
    ],
)
def test_a_class_that_is_named_twice_in_whatever_spelling_is_refused(names: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        checked_names(names, "these")


def test_two_names_of_one_class_are_shown_as_they_are_written() -> None:
    assert same_class("run", "run") == "'run' is listed twice"
    assert same_class("Run", "run") == "'Run' and 'run' are one class ('run')"


def test_a_set_needs_two_classes_to_tell_apart() -> None:
    assert too_few_classes({"train": ("a", "b"), "test": ("a", "b", "c")}) is None
    assert "the set 'test' has a single class, 'a'" in str(too_few_classes({"train": ("a", "b"), "test": ("a",)}))
    assert "four for base and novel" in str(too_few_classes({"base": ("a", "b"), "novel": ("c",)}))
    assert "no class" in str(too_few_classes({"test": ()}))
