import numpy as np
import pytest

from zsar.datamodules.batch import ClassText
from zsar.datamodules.data_sets.shifted.shape_shifts import (
    OTHER_PALETTE,
    SYNONYMS,
    Shift,
    Strengths,
    in_other_words,
    shifted_colours,
    shifted_frames,
)
from zsar.datamodules.rendering.frame_shifts import add_fog, add_noise, cast_colour
from zsar.datamodules.rendering.moving_shapes_rendering import COLOURS, SHAPES


def test_a_strength_is_looked_up_by_its_shift() -> None:
    strengths = Strengths(blur_px=1.5, cast=0.4, fog=0.3, palette=0.2)
    shifts: list[Shift] = ["clean", "blur", "cast", "fog", "palette", "synonyms"]
    assert [strengths.of(shift) for shift in shifts] == [None, 1.5, 0.4, 0.3, 0.2, None]


def test_a_palette_lies_between_both() -> None:
    assert shifted_colours(0.5)["red"] == (235, 85, 100)  # of (220, 50, 50) and (250, 120, 150)
    assert OTHER_PALETTE.keys() == COLOURS.keys()
    assert shifted_colours(1.0) == OTHER_PALETTE


def test_a_shift_of_pixels_is_applied_with_its_strength_and_others_leave_them() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (3, 4, 4, 3), dtype=np.uint8)
    strengths, draws = Strengths(noise=0.1, cast=0.4, fog=0.3), np.random.default_rng
    expected = {"cast": cast_colour(frames, 0.4), "fog": add_fog(frames, 0.3)}
    kept: list[Shift] = ["clean", "palette", "synonyms"]
    expected |= dict.fromkeys(kept, frames)
    for shift, frames_then in expected.items():
        shifted = shifted_frames(frames, shift, strengths, draws(1), backwards=False)  # type: ignore[arg-type]
        np.testing.assert_array_equal(shifted, frames_then)
    backwards = shifted_frames(frames[::-1], "noise", strengths, draws(1), backwards=True)
    np.testing.assert_array_equal(backwards[::-1], add_noise(frames, draws(1), standard_deviation=0.1))


def test_synonyms_replace_words_in_names_and_prompts() -> None:
    text = ClassText(
        set_name="synonyms",
        names=("a photo of a red circle moving to the left", "a circled star"),
        prompts=(("a red circle goes", "circle"), ("a star", "b")),
        source="templates: name",
    )
    other = in_other_words(text)
    assert other.names == (f"a photo of a red {SYNONYMS['circle']} moving to the left", "a circled star")
    assert other.prompts == ((f"a red {SYNONYMS['circle']} goes", SYNONYMS["circle"]), ("a star", "b"))
    assert (other.set_name, other.source) == ("synonyms", "templates: name, in synonyms")
    assert set(SYNONYMS) <= set(SHAPES)
    assert not set(SYNONYMS.values()) & set(SHAPES)


@pytest.mark.parametrize("name", ["cast", "fog", "palette"])
def test_a_shift_without_strength_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"strengths.{name} is 0, but must be above 0 and below 1"):
        Strengths(**{name: 0})
