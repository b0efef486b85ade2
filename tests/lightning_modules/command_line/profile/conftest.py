"""The rendered video of a profile, once."""

from pathlib import Path

import pytest

from zsar.lightning_modules.command_line.profile.measuring.rendered_clip import render_clip


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file."""
    return render_clip(tmp_path_factory.mktemp("rendered"))
