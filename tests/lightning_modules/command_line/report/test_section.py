import dataclasses

import pytest
from markupsafe import Markup

from zsar.lightning_modules.command_line.report.section import Section


def test_a_section_is_not_changed_once_it_is_made() -> None:
    section = Section("curves", "Learning curves", Markup("<p>"))
    assert section.summary == ""
    with pytest.raises(dataclasses.FrozenInstanceError):
        section.title = "other"  # type: ignore[misc]
