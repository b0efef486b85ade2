from zsar.lightning_modules.command_line.report.charts.text_widths import cut_to_width, text_width


def test_chinese_letters_are_wider_and_accents_take_no_room() -> None:
    assert text_width("打篮球") > 1.5 * text_width("abc")
    assert text_width("e\u0301") == text_width("e")


def test_text_is_cut_to_what_fits() -> None:
    assert cut_to_width("surf", 100) == "surf"
    cut = cut_to_width("riding or walking with a horse", 100)
    start, end = cut.split("…")
    assert "riding or walking with a horse".startswith(start)
    assert "riding or walking with a horse".endswith(end)
    assert len(start) >= len(end) >= 4
    assert text_width(cut) <= 100


def test_control_characters_are_shown() -> None:
    assert "\x1b" not in cut_to_width("a\x1b[31m", 100)
