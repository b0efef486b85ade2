"""Rows of the table in plain types."""

import json
from dataclasses import replace

import pytest

from zsar.lightning_modules.command_line.models.architecture_rows import ArchitectureRow, row_from_dict
from zsar.lightning_modules.command_line.models.method_names import METHODS

ROW = ArchitectureRow(
    name="some",
    visual="open_clip ViT",
    parameters_visual=1_000_000,
    parameters_text=500_000,
    image_size=(224, 224),
    patch_size=None,
    gflops_per_frame=1.5,
    embedding_width=512,
    context_length=77,
    tokenizer="CLIP",
    text_model=None,
    tags=("openai",),
    frames=({"mean": [0.5, 0.5, 0.5]},),
    methods=dict.fromkeys(METHODS, "yes"),
    reasons={},
)


def test_all_parameters_are_those_of_the_towers_and_unknown_without_the_text_tower() -> None:
    assert ROW.parameters == 1_500_000
    assert replace(ROW, parameters_text=None).parameters is None


@pytest.mark.parametrize("row", [ROW, replace(ROW, patch_size=(16, 32), parameters_text=None, context_length=None)])
def test_a_row_is_the_same_after_json(row: ArchitectureRow) -> None:
    stated = json.loads(json.dumps(row.to_dict()))
    assert stated["parameters"] == row.parameters
    assert row_from_dict(stated) == row


@pytest.mark.parametrize("missing", ["gflops_per_frame", "methods.t2l"])
def test_a_row_of_another_version_is_rejected(missing: str) -> None:
    stated = json.loads(json.dumps(ROW.to_dict()))
    place = stated["methods"] if "." in missing else stated
    del place[missing.rpartition(".")[2]]
    with pytest.raises(ValueError, match="another version of zsar"):
        row_from_dict(stated)
