import re

import numpy as np
import pytest

from zsar.lightning_modules.localization.stored.feature_file_checks import check_times, value_in_header


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("a", "str", "a"),
        ("12", "int", 12),
        ("0.5", "float", 0.5),
    ],
)
def test_a_value_of_the_header_is_of_its_type(text: str, kind: str, value: object) -> None:
    assert value_in_header({"x": text}, "x", kind) == value


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("many", "int"),
        ("-1", "int"),
        ("1.5", "int"),
        ("9" * 5000, "int"),
        ("-0.5", "float"),
        ("None", "float"),
        ("", "int"),
    ],
)
def test_a_value_of_another_type_is_named_in_short(text: str, kind: str) -> None:
    with pytest.raises(ValueError, match=rf"x in its header is {re.escape(repr(text[:40]))}, not a number") as caught:
        value_in_header({"x": text}, "x", kind)
    assert len(str(caught.value)) < 120


def test_a_missing_value_is_named() -> None:
    with pytest.raises(ValueError, match="its header lacks fps"):
        value_in_header({}, "fps", "float")


@pytest.mark.parametrize(
    ("times", "duration", "fps", "message"),
    [
        ([0, -1], 2, 1, "frame 1 is at -1"),
        ([0, np.inf], 2, 1, "frame 1 is at inf"),
        ([0, 1, 1], 2, 1, "must increase"),
        ([0, 3], 2, 1, "ends at 2 seconds, but a frame is at 3"),
        ([0, 1], np.inf, 1, "ends at inf"),
        ([0, 1], 2, np.nan, "fps in its header is nan"),
    ],
)
def test_times_that_cannot_be_are_named(times: list[float], duration: float, fps: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_times(np.array(times, dtype=np.float64), duration_seconds=duration, fps=fps)
