from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.makers.results.localization_results import write_localization
from zsar.lightning_modules.command_line.summarize.localization_results import LocalizationRun, localization_run
from zsar.lightning_modules.command_line.summarize.published_figures import load_published_figures
from zsar.lightning_modules.command_line.summarize.published_localization import localizer_of, published_rows
from zsar.lightning_modules.command_line.summarize.result_reading import read_result
from zsar.lightning_modules.command_line.summarize.run_groups import LocalizationGroup

FIGURES = load_published_figures()
COCA = {"class_path": "zsar.lightning_modules.t3al.T3AL", "architecture": "coca_ViT-L-14", "backbone_hash": "hash"}
SUPPRESSION = {"suppression": {"similarity": 0.75}}


def run(folder: Path, **settings: Any) -> LocalizationRun:
    write_localization(folder, **{"model": COCA, "arguments": SUPPRESSION, **settings})
    return localization_run(folder, read_result(folder))


def group(*runs: LocalizationRun) -> LocalizationGroup:
    return LocalizationGroup("row", runs)


def test_t3al_stands_beside_its_own_table_first(tmp_path: Path) -> None:
    rows = published_rows(group(run(tmp_path / "a")), FIGURES)
    assert (rows[0].method, rows[0].source) == ("T3AL", "T3AL Table 1")
    assert rows[0].values == {"map_0.3": 20.7, "map_0.5": 8.9, "map": 10.4}
    assert rows[0].same_method
    assert rows[0].differences == ("draws 2 / 10", "not stated: precision")  # of the file that the test made
    others = {row.method: row for row in rows[1:]}
    assert set(others) == {"FrameWiseCLIP", "EffPrompt", "STALE"}  # of CoCa, or of nobody knows what
    assert (
        others["EffPrompt"].match
        == "trained on nothing / the other classes; draws 2 / 10; not stated: architecture, class text, precision"
    )


def test_everything_has_other_architectures_ablations_and_oracles(tmp_path: Path) -> None:
    rows = published_rows(group(run(tmp_path / "a")), FIGURES, everything=True)
    methods = [row.method for row in rows]
    assert methods.count("FrameWiseCLIP") == 3
    assert {"T3AL (T = 0)", "T3AL (without suppression)", "T3AL (oracle: all three)"} <= set(methods)
    oracle = next(row for row in rows if row.method == "T3AL (oracle: all three)")
    assert oracle.values == {"map": 22.6}  # the one figure that the paper gives


def test_what_was_made_otherwise_is_said(tmp_path: Path) -> None:
    data = {"stride": "8 frames", "split_lists": None}
    rows = published_rows(group(run(tmp_path / "a", data=data, number=3)), FIGURES)
    assert rows[0].differences == (
        *("frames one in 8 frames / one in 1 frame", "draws 1 / 10", "classes drawn / published lists"),
        "not stated: precision",
    )


def test_a_row_is_the_same_only_if_all_agrees_and_is_recorded(tmp_path: Path) -> None:
    sets = {f"split_{i}": {"map_0.3": 20, "map_0.5": 19, "map": 18} for i in range(10)}
    text = {name: {"source": "templates: {}", "hash": name} for name in sets}
    rows = published_rows(group(run(tmp_path / "a", sets=sets, class_text=text)), FIGURES)
    assert rows[0].match == "not stated: precision"
    assert rows[0].as_json() == {
        "method": "T3AL",
        "source": "T3AL Table 1",
        "map_0.3": 20.7,
        "map_0.5": 8.9,
        "map": 10.4,
        "same_method": True,
        "match": "not stated: precision",
    }
    stated = [replace(figure, precision="32-true") for figure in FIGURES]
    same = group(run(tmp_path / "b", sets=sets, class_text=text, test={"class_text": {}, "precision": "32-true"}))
    assert published_rows(same, stated)[0].match == "same"
    other = group(run(tmp_path / "c", sets=sets, class_text=text, test={"class_text": {}, "precision": "16-mixed"}))
    assert published_rows(other, stated)[0].match == "precision 16-mixed / 32-true"
    old = group(run(tmp_path / "d", sets=sets, class_text=text))
    assert published_rows(old, stated)[0].match == "not recorded: precision"


def test_a_data_set_without_published_figures_has_none(tmp_path: Path) -> None:
    assert published_rows(group(run(tmp_path / "a", data={"data_set": "untrimmed_shapes"})), FIGURES) == []


@pytest.mark.parametrize(
    ("arguments", "variant"),
    [
        (SUPPRESSION, None),
        ({"suppression": None}, "without suppression"),
        ({"suppression": None, "tuning": {"n_steps": 0}}, "T = 0"),
        ({**SUPPRESSION, "tuning": {"loss": "separation"}}, "separation loss only"),
        ({**SUPPRESSION, "tuning": {"loss": "reference"}}, "authors' code"),
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
    assert localizer_of(settings) == ("T3AL", variant)
    published = {figure.variant for figure in FIGURES if figure.method == "T3AL"}
    assert variant in {*published, "authors' code"}
