"""The table that zsar includes: all architectures, none that failed, written by `make models`."""

import json

import pytest

from tests.makers.source_tree import ROOT
from zsar.lightning_modules.command_line.models.computed_rows import computed_row
from zsar.lightning_modules.command_line.models.method_names import METHODS
from zsar.lightning_modules.command_line.models.model_page import page_of
from zsar.lightning_modules.command_line.models.stored_rows import (
    STORED,
    installed_versions,
    shown_versions,
    stored_rows,
    stored_versions,
    table_of,
)
from zsar.lightning_modules.open_clip_towers.weights.known_architectures import architecture_names

SAME = stored_versions() == installed_versions()
OF_OTHERS = f"the table is of {shown_versions(stored_versions())}, and {shown_versions(installed_versions())} are here"
# One of each kind of tower; their rows are computed again.
FAMILIES = (
    "tiny-clip", "tiny-coca", "ViT-S-32-alt", "ViT-B-32", "RN50", "coca_ViT-B-32", "convnext_tiny", "EVA02-B-16",
    "PE-Core-T-16-384", "ViT-B-32-SigLIP2-256", "MobileCLIP2-S0", "MobileCLIP-B", "ViTamin-S", "ViT-L-14-CLIPA",
    "vit_medium_patch16_gap_256", "vit_relpos_medium_patch16_cls_224", "roberta-ViT-B-32",
)  # fmt: skip


@pytest.mark.skipif(not SAME, reason=OF_OTHERS)
def test_every_architecture_is_in_it_once() -> None:
    assert tuple(stored_rows()) == architecture_names(), "run `make models`"
    assert len(json.loads(STORED.read_text())["architectures"]) == len(stored_rows())


def test_no_method_fails_and_each_refusal_has_its_reason() -> None:
    for row in stored_rows().values():
        assert "failed" not in row.methods.values(), row.name
        assert set(row.methods) == set(METHODS)
        assert set(row.reasons) == {method for method, status in row.methods.items() if status != "yes"}, row.name
        assert ("unknown" in row.methods.values()) == (row.parameters is None) == (row.context_length is None)
        assert row.parameters_visual > 1e5
        assert row.gflops_per_frame > 0


def test_zero_shot_and_fine_tuning_work_on_every_model_whose_text_tower_is_known() -> None:
    for row in stored_rows().values():
        for method in ("zero_shot", "fine_tuned", "ap_clip"):
            assert row.methods[method] == ("unknown" if row.parameters is None else "yes"), (row.name, method)


@pytest.mark.slow
@pytest.mark.skipif(not SAME, reason=OF_OTHERS)
@pytest.mark.parametrize("name", FAMILIES)
def test_a_row_is_what_is_computed_now(name: str) -> None:
    assert json.loads(json.dumps(computed_row(name).to_dict())) == json.loads(
        json.dumps(stored_rows()[name].to_dict())
    ), "the code decides otherwise by now: run `make models`"


def test_the_file_and_the_page_are_written_by_the_command() -> None:
    rows = list(stored_rows().values())
    written = {**json.loads(json.dumps(table_of(rows))), "versions": stored_versions()}
    assert json.loads(STORED.read_text()) == written, "run `make models`"
    page = ROOT / "docs" / "reference" / "architectures.md"
    assert page.read_text(encoding="utf-8") == page_of(rows, stored_versions()), "run `make models`"


def test_versions_in_words() -> None:
    assert shown_versions({"open_clip": "3.3.0", "timm": "1.0.31"}) == "open_clip 3.3.0 and timm 1.0.31"
