"""Data of the tests of localizers' callbacks."""

from pathlib import Path

import pytest

from tests.makers.models.annotated_localizer import shapes


@pytest.fixture(scope="session")
def shapes_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with the rendered benchmark of localization, a video of each class."""
    root = tmp_path_factory.mktemp("untrimmed")
    shapes(root).prepare_data()
    return root
