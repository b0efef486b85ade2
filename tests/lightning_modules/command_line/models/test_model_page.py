"""The table as a page."""

from dataclasses import replace

from zsar.lightning_modules.command_line.models.method_names import METHODS
from zsar.lightning_modules.command_line.models.model_page import page_of
from zsar.lightning_modules.command_line.models.stored_rows import stored_rows, stored_versions

ROW = stored_rows()["ViT-B-16"]


def test_a_page_has_a_row_for_each_architecture_and_names_versions_and_the_rule() -> None:
    page = page_of([ROW, replace(ROW, name="other")], {"open_clip": "3.3.0", "timm": "1.0.31"})
    assert page.startswith("# Architectures\n")
    assert "open_clip 3.3.0 and timm 1.0.31; 2 architectures" in page
    assert "two operations for each multiplication with its addition" in page
    row = next(line for line in page.splitlines() if line.startswith("| `ViT-B-16` |"))
    assert row.startswith("| `ViT-B-16` | 150 | 86.2 | 224 | 16 | 35.13 | 512 | 77 | CLIP |")
    assert "CLIP's crop" in row
    header = page.splitlines()[page.splitlines().index(row) - 2]
    assert all(name in header for name in METHODS.values())
    assert len(header.split("|")) == len(row.split("|"))


def test_a_reason_is_told_once_for_all_that_it_is_of() -> None:
    refused = replace(
        ROW,
        methods={**ROW.methods, "t2l": "no", "t3al": "no"},
        reasons={"t2l": "ViT-B-16 is a | <b>", "t3al": "ViT-B-16 is a | <b>"},
    )
    page = page_of([refused, replace(refused, name="B", reasons={"t2l": "B is a | <b>"})], stored_versions())
    assert "| T2L, T3AL | NAME is a \\| &lt;b> | `ViT-B-16`, `B` |" in page
    assert page.count("NAME is a") == 1


def test_many_architectures_are_counted() -> None:
    rows = [replace(ROW, name=f"m{i}", reasons={"t2l": f"m{i} has no blocks"}) for i in range(9)]
    assert "`m4`, `m5` and 3 more |" in page_of(rows, stored_versions())
