import re

import pytest
from jinja2 import UndefinedError

from zsar.lightning_modules.command_line.report.charts.chart_templates import N_STYLES, chart_style, rendered


def test_the_style_has_each_series_for_light_and_dark_grounds() -> None:
    style = chart_style()
    for number in range(1, N_STYLES + 1):
        assert len(set(re.findall(rf"--s{number}: (#\w+)", style))) == 2
        assert f".s{number} {{ --own" in style
    assert 'data-theme="dark"' in style
    assert "url(" not in style
    assert "@import" not in style


def test_a_value_that_a_template_lacks_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="title"):
        rendered("line_chart", width=3)
