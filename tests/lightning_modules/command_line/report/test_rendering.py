import json

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from tests.makers.results.run_folders import HOSTILE
from zsar.lightning_modules.command_line.report import rendering
from zsar.lightning_modules.command_line.report.rendering import json_of, render, script, source_of


def test_every_value_is_escaped_and_shown_as_typed() -> None:
    html = rendering._environment().from_string('<p title="{{ x }}">{{ x }}</p>').render(x=HOSTILE)
    assert html.count("<") == 2
    assert "{{ 7 * 7 }}" in html
    assert "\\u202e" in html  # the mark that would reverse the line


def test_markup_stays_and_none_is_nothing() -> None:
    template = rendering._environment().from_string("{{ x }}|{{ y }}|{{ z }}")
    assert template.render(x=Markup("<b>bold</b>"), y=None, z=0) == "<b>bold</b>||0"


def test_json_holds_nothing_that_html_reads_and_is_read_back() -> None:
    written = json_of({"rows": [HOSTILE, 1.5, None], "Straße": "跳舞"})
    assert not set("<>&") & set(written)
    content = json.loads(written)
    assert content["rows"] == [HOSTILE.replace("\u202e", "\\u202e"), 1.5, None]
    assert content["Straße"] == "跳舞"


def test_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="opening|title|policy"):
        render("page.html", {})


def test_a_script_is_written_with_its_hash() -> None:
    element, source = script("theme.js")
    assert element == f"<script>{source_of('theme.js')}</script>"
    assert source.startswith("'sha256-")
    assert "</script" not in source_of("tables.js")
