from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.makers.results.localization_results import AS_PUBLISHED, localization_of, write_localization
from zsar.lightning_modules.command_line.summarize.published.method_names import method_of
from zsar.lightning_modules.command_line.summarize.published.published_comparison import (
    ComparedRow,
    Comparison,
    compare,
)
from zsar.lightning_modules.command_line.summarize.published.published_figures import (
    PublishedFigure,
    load_published_figures,
)
from zsar.lightning_modules.command_line.summarize.published.published_tables import lines_of_papers, published_tables
from zsar.lightning_modules.command_line.summarize.results.localization_results import LocalizationRun
from zsar.lightning_modules.command_line.summarize.results.run_groups import LocalizationGroup

FIGURES = load_published_figures()
COCA = {"class_path": "zsar.lightning_modules.t3al.T3AL", "architecture": "coca_ViT-L-14", "backbone_hash": "hash"}
SUPPRESSION = {"suppression": {"similarity": 0.75}}


def run(folder: Path, **settings: Any) -> LocalizationRun:
    write_localization(folder, **{"model": COCA, "arguments": AS_PUBLISHED, **settings})
    return localization_of(folder)


def group(*runs: LocalizationRun) -> LocalizationGroup:
    return LocalizationGroup("row", runs)


def lines(
    group: LocalizationGroup, figures: Sequence[PublishedFigure] = FIGURES, *, everything: bool = False
) -> list[list[Comparison]]:
    """The lines of papers' tables beside a row."""
    return lines_of_papers(compare(group, figures, everything=everything))


def method(line: list[Comparison]) -> str:
    return line[0].figure.full_method


def values(line: list[Comparison]) -> dict[str, float]:
    return {comparison.figure.set: comparison.figure.value for comparison in line}


def test_t3al_stands_beside_its_own_table_first(tmp_path: Path) -> None:
    rows = lines(group(run(tmp_path / "a")))
    assert (method(rows[0]), rows[0][0].figure.source) == ("T3AL", "T3AL Table 1")
    assert values(rows[0]) == {"map_0.3": 20.7, "map_0.5": 8.9, "map": 10.4}
    assert all(comparison.same_method for comparison in rows[0])
    (match,) = {comparison.match for comparison in rows[0]}
    assert match == "draws 2 / 10; not stated: precision"  # of the file that the test made
    others = {method(row): row[0] for row in rows[1:]}
    assert set(others) == {"FrameWiseCLIP", "EffPrompt", "STALE", "FreeZAD"}  # of CoCa, or of nobody knows what
    assert (
        others["EffPrompt"].match
        == "trained on nothing / the other classes; draws 2 / 10; not stated: architecture, class text, precision"
    )


def test_everything_has_other_architectures_ablations_and_oracles(tmp_path: Path) -> None:
    rows = lines(group(run(tmp_path / "a")), everything=True)
    methods = [method(row) for row in rows]
    assert methods.count("FrameWiseCLIP") == 3
    assert {"T3AL (T = 0)", "T3AL (without suppression)", "T3AL (oracle: all three)"} <= set(methods)
    oracle = next(row for row in rows if method(row) == "T3AL (oracle: all three)")
    assert values(oracle) == {"map": 22.6}  # the one figure that the paper gives


def test_what_was_made_otherwise_is_said(tmp_path: Path) -> None:
    data = {"stride": "8 frames", "split_lists": None, "geometry": "crop"}
    first = lines(group(run(tmp_path / "a", data=data, number=3)))[0][0]
    assert (first.differences, first.unknown) == (
        (
            "frames one in 8 frames / one in 1 frame",
            "geometry crop / squash",
            "draws 1 / 10",
            "classes drawn / published lists",
        ),
        ("not stated: precision",),
    )


def test_a_row_is_the_same_only_if_all_agrees_and_is_recorded(tmp_path: Path) -> None:
    sets = {f"split_{i}": {"map_0.3": 20, "map_0.5": 19, "map": 18} for i in range(10)}
    text = {name: {"source": "templates: {}", "hash": name} for name in sets}
    assert lines(group(run(tmp_path / "a", sets=sets, class_text=text)))[0][0].match == "not stated: precision"
    stated = [replace(figure, precision="32-true") for figure in FIGURES]
    same = group(run(tmp_path / "b", sets=sets, class_text=text, test={"class_text": {}, "precision": "32-true"}))
    assert lines(same, stated)[0][0].match == "same"
    other = group(run(tmp_path / "c", sets=sets, class_text=text, test={"class_text": {}, "precision": "16-mixed"}))
    assert lines(other, stated)[0][0].match == "precision 16-mixed / 32-true"
    old = group(run(tmp_path / "d", sets=sets, class_text=text))
    assert lines(old, stated)[0][0].match == "not recorded: precision"


def test_a_data_set_without_published_figures_has_none(tmp_path: Path) -> None:
    assert lines(group(run(tmp_path / "a", data={"data_set": "untrimmed_shapes"}))) == []


def test_a_table_has_a_line_of_ours_then_those_of_papers_with_the_figures_that_these_have(tmp_path: Path) -> None:
    row = group(run(tmp_path / "a"))
    compared = ComparedRow(row, tuple(compare(row, FIGURES)))
    (table,) = published_tables([compared, ComparedRow(row)])
    assert table.title == "row beside published figures"
    assert [column.header for column in table.columns] == [
        *("method", "paper and table", "0.3", "0.5", "avg", "protocol match")
    ]
    ours, first, *others = table.rows
    assert ([str(cell) for cell in ours.cells], ours.ends_section) == (["ours", "", "20.0", "19.0", "18.0", ""], True)
    assert [str(cell) for cell in first.cells] == [
        *("T3AL", "T3AL Table 1", "20.7", "8.9", "10.4", "draws 2 / 10; not stated: precision")
    ]
    assert [line.is_bold for line in (ours, first, *others)] == [False, True, *[False] * len(others)]


@pytest.mark.parametrize(
    ("arguments", "variant"),
    [
        (SUPPRESSION, None),
        ({"suppression": None}, "without suppression"),
        ({"suppression": None, "tuning": {"n_steps": 0}}, "T = 0"),
        ({**SUPPRESSION, "tuning": {"loss": "separation"}}, "separation loss only"),
        ({**SUPPRESSION, "tuning": {"loss": "authors"}}, "authors' code"),
        ({**SUPPRESSION, "tuning": {"loss": "reference"}}, "authors' loss"),  # of a result from before
        ({**SUPPRESSION, "oracles": {"perfect_class": True}}, "oracle: class"),
        ({"suppression": None, "oracles": {"region_count": True}}, "oracle: region count"),
        ({**SUPPRESSION, "oracles": {"selection": True}}, "oracle: selection"),
        (
            {
                "suppression": None,
                "oracles": {"perfect_class": True, "region_count": True, "selection": True},
            },
            "oracle: all three",
        ),
    ],
)
def test_variants_have_the_names_of_the_published_ones(
    tmp_path: Path, arguments: dict[str, Any], variant: str | None
) -> None:
    settings = run(tmp_path / "a", arguments=arguments).settings
    assert method_of(settings) == ("T3AL", variant)
    published = {figure.variant for figure in FIGURES if figure.method == "T3AL"}
    assert variant in {*published, "authors' code", "authors' loss"}
