from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from lightning.pytorch import LightningModule

from zsar.datamodules.data_sets.untrimmed.untrimmed_shapes import UntrimmedShapes
from zsar.lightning_modules.localization.untrimmed_source import untrimmed_source


class Model(LightningModule):
    """In a run on some data."""

    def __init__(self, data: Any) -> None:
        super().__init__()
        self.data = data

    @property
    def trainer(self) -> Any:
        return SimpleNamespace(datamodule=self.data)


def test_a_data_module_of_untrimmed_videos_is_a_source(tmp_path: Path) -> None:
    data = UntrimmedShapes(data_root=tmp_path)
    assert cast(Any, untrimmed_source(Model(data))) is data


@pytest.mark.parametrize("data", [None, SimpleNamespace(class_text=None)])
def test_other_data_are_an_error_that_says_what_is_needed(data: Any) -> None:
    with pytest.raises(TypeError, match=rf"Model needs a data module of untrimmed .* has {type(data).__name__}"):
        untrimmed_source(Model(data))
