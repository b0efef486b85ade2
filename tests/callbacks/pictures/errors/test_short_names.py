import pytest

from zsar.callbacks.pictures.errors.short_names import explained, short_names


@pytest.mark.parametrize(
    ("names", "lead", "short"),
    [
        (("a photo of a cat", "a photo of a dog here"), "a photo of a", ("cat", "dog here")),
        (("ride a bike", "ride a horse"), "", ("ride a bike", "ride a horse")),  # too short to be worth it
        (("throwing", "throwing a ball"), "", ("throwing", "throwing a ball")),  # nothing would be left of the first
        (("throwing discus", "throw discus"), "", ("throwing discus", "throw discus")),  # no common whole word
        (("a photo of a cat",), "", ("a photo of a cat",)),
        (("打篮球", "$x$"), "", ("打篮球", "$x$")),
    ],
)
def test_words_that_all_names_begin_with_are_left_out(
    names: tuple[str, ...], lead: str, short: tuple[str, ...]
) -> None:
    assert short_names(names) == (lead, short)


def test_names_stay_different_and_can_be_put_together_again() -> None:
    names = tuple(f"a video of a person {verb}" for verb in ("running", "swimming fast", "run", "a"))
    lead, short = short_names(names)
    assert tuple(f"{lead} {name}" for name in short) == names
    assert len(set(short)) == 4


def test_what_is_left_out_is_explained() -> None:
    assert explained("a photo of a") == "; each name begins with “a photo of a”"
    assert explained("") == ""
