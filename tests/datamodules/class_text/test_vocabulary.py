import pytest

from zsar.datamodules.class_text.vocabulary import (
    class_identity,
    clean_name,
    clean_names,
    exact_names,
    find_same_classes,
)

SIZES = {
    "ucf101": 101,
    "hmdb51": 51,
    "kinetics400": 400,
    "kinetics600": 600,
    "ssv2": 174,
    "activitynet": 200,
    "thumos14": 20,
}


@pytest.mark.parametrize(
    ("exact", "clean"),
    [
        ("ApplyEyeMakeup", "apply eye makeup"),
        ("brush_hair", "brush hair"),
        ("YoYo", "yo yo"),
        ("Moving [something] up", "moving something up"),
        ("BMX", "BMX"),
        ("Playing  ten pins", "playing ten pins"),
        ("passing American football (in game)", "passing american football (in game)"),
    ],
)
def test_names_become_plain_words(exact: str, clean: str) -> None:
    assert clean_name(exact) == clean


@pytest.mark.parametrize("data_set", SIZES)
def test_each_vocabulary_is_whole_and_stays_unique_when_cleaned(data_set: str) -> None:
    names = exact_names(data_set)
    assert len(names) == len(set(names)) == SIZES[data_set]
    cleaned = clean_names(names)
    assert clean_names(cleaned) == cleaned
    assert not any("_" in name or "[" in name or name != name.strip() for name in cleaned)


def test_names_that_become_the_same_are_refused() -> None:
    with pytest.raises(ValueError, match="'kick_ball' and 'KickBall' are both 'kick ball'"):
        clean_names(["kick_ball", "KickBall"])


def test_a_name_that_is_listed_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="'kick_ball' is listed twice"):
        clean_names(["kick_ball", "run", "kick_ball"])


@pytest.mark.parametrize(
    "spelling", ["Arm Wrestling", "arm_wrestling", "ArmWrestling", " arm  wrestling ", "ARM WRESTLING", "arm-wrestling"]
)
def test_a_class_is_one_in_every_spelling(spelling: str) -> None:
    assert class_identity(spelling) == class_identity("arm wrestling") == "arm wrestling"
    assert find_same_classes(["run", "arm wrestling", "jump", spelling]) == [(1, 3)]


def test_classes_that_differ_in_a_word_or_a_sign_are_different_classes() -> None:
    assert class_identity("re\u0301") == class_identity("R\u00c9") != class_identity("re")
    assert find_same_classes(["kick", "kicks", "kick ball", "kick (ball)", "A+", "A-", "A"]) == []


def test_an_unknown_vocabulary_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no vocabulary 'ucf50'; it is one of activitynet, hmdb51"):
        exact_names("ucf50")
