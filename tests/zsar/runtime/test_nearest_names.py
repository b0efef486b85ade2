from zsar.runtime.nearest_names import did_you_mean, nearest_names

NAMES = ("T2L", "T3AL", "VideoFolder", "MovingShapes")


def test_a_slip_is_found_whatever_its_case() -> None:
    assert nearest_names("t2l", NAMES) == ["T2L"]
    assert nearest_names("VideoFoldr", NAMES) == ["VideoFolder"]


def test_what_is_like_nothing_has_no_neighbour() -> None:
    assert nearest_names("xyz", NAMES) == []
    assert did_you_mean("xyz", NAMES) == ""


def test_the_question_names_what_was_found() -> None:
    assert did_you_mean("t2l", NAMES) == "; did you mean T2L?"
