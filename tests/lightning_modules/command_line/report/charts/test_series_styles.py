import re

from zsar.lightning_modules.command_line.report.charts.series_styles import N_STYLES, style_of
from zsar.lightning_modules.command_line.report.rendering import source_of


def test_the_style_sheet_has_each_style_for_light_and_dark_grounds() -> None:
    style = source_of("charts/charts.css")
    for number in range(1, N_STYLES + 1):
        assert len(set(re.findall(rf"--s{number}: (#\w+)", style))) == 2
        assert f".s{number} {{ --own" in style
    assert "url(" not in style
    assert "@import" not in style


def test_further_series_repeat_the_styles() -> None:
    assert [style_of(i) for i in range(9)] == [1, 2, 3, 4, 5, 6, 7, 8, 1]
