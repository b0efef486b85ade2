import pytest

from zsar.datamodules.class_identity import clean_names
from zsar.datamodules.class_text.vocabulary import exact_names

SIZES = {
    "ucf101": 101,
    "hmdb51": 51,
    "kinetics400": 400,
    "kinetics600": 600,
    "ssv2": 174,
    "activitynet": 200,
    "thumos14": 20,
}


@pytest.mark.parametrize("data_set", SIZES)
def test_each_vocabulary_is_whole_and_stays_unique_when_cleaned(data_set: str) -> None:
    names = exact_names(data_set)
    assert len(names) == len(set(names)) == SIZES[data_set]
    cleaned = clean_names(names)
    assert clean_names(cleaned) == cleaned
    assert not any("_" in name or "[" in name or name != name.strip() for name in cleaned)


def test_an_unknown_vocabulary_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="no vocabulary 'ucf50'; it is one of activitynet, hmdb51"):
        exact_names("ucf50")
