import pytest

from zsar.datamodules.class_identity import class_identity, clean_name, clean_names, find_same_classes


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
