from zsar.lightning_modules.command_line.summarize.published.compared_settings import differing, unknown


def test_differences_are_of_what_both_sides_know_ours_first() -> None:
    pairs = [("frames", 8, 8), ("batch", "64", 70), ("epochs", "not recorded", 50), ("precision", "32-true", None)]
    assert differing(pairs) == ["batch 64 / 70"]
    assert unknown(pairs) == ["not recorded: epochs", "not stated: precision"]


def test_a_setting_that_training_and_test_share_is_not_stated_once() -> None:
    pairs = [("precision", "a", None), ("training precision", "b", None), ("training scorer", "c", None)]
    assert unknown(pairs) == ["not stated: precision, training scorer"]
    assert unknown([("frames", 8, 8)]) == []
