import pytest

from datamodules.class_text.vocabulary import clean_name, clean_names, exact_names

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


def test_an_unknown_vocabulary_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no vocabulary 'ucf50'; it is one of activitynet, hmdb51"):
        exact_names("ucf50")
