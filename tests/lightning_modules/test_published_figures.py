from collections import Counter, defaultdict
from typing import Any

import pytest

from lightning_modules.published_figures import (
    PublishedFigure,
    figures_of_table,
    find_published_figures,
    load_published_figures,
)

FIGURES = load_published_figures()
DATA_SETS = {"hmdb51", "ucf101", "kinetics400", "kinetics600", "ssv2", "activitynet"}
SHIFTED = {"hmdb51_p", "ucf101_p", "ucf101_ds", "ucf101_o"}
TEXTS = {"template", "description", "explanation", "action_prompts", "template+explanation", None}
# Harmonic means that the papers themselves print otherwise than their base and novel figures give (right: ours).
INCONSISTENT = {
    ("T2L Table 2", "T2L", "ViT-B-32", "kinetics400"): 61.1,
    ("T2L Table 8", "T2L (adapters only)", "ViT-B-16", "kinetics400"): 59.6,
    ("AP-CLIP Table 2", "AP-CLIP", "ViT-B-16", "ucf101"): 85.0,
}


def table(**changes: Any) -> dict[str, Any]:
    own = {
        "paper": "P",
        "table": "Table 1",
        "protocol": "zero_shot",
        "architecture": "ViT-B-16",
        "trained_on": "kinetics400",
        "set": "top1",
        "columns": [{"tested_on": "hmdb51"}, {"tested_on": "ucf101", "n_frames": 16}],
        "rows": [{"method": "M", "values": [[50.0, 0.5], 60.0]}],
    }
    return {**own, **changes}


def figures(content: dict[str, Any]) -> list[PublishedFigure]:
    return list(figures_of_table(content, {"P": "the paper"}))


def the(source: str, method: str, **wanted: Any) -> float:
    (found,) = [
        f
        for f in FIGURES
        if (f.source, f.full_method) == (source, method) and all(getattr(f, k) == v for k, v in wanted.items())
    ]
    return found.value


def test_a_cell_has_the_settings_of_its_table_column_and_row() -> None:
    first, second = figures(table(n_frames=8))
    assert (first.value, first.std, first.n_frames, first.tested_on) == (50.0, 0.5, 8, "hmdb51")
    assert (second.value, second.std, second.n_frames, second.tested_on) == (60.0, None, 16, "ucf101")
    assert (second.source, second.citation) == ("P Table 1", "the paper")


def test_a_row_wins_over_its_column_and_null_is_no_figure() -> None:
    (only,) = figures(table(rows=[{"method": "M", "n_frames": 32, "trained_on": None, "values": [None, 60.0]}]))
    assert (only.n_frames, only.trained_on) == (32, None)


def test_training_on_the_data_set_itself_is_resolved_by_column() -> None:
    assert [f.trained_on for f in figures(table(trained_on="tested_on"))] == ["hmdb51", "ucf101"]


def test_a_malformed_table_is_named() -> None:
    with pytest.raises(ValueError, match="P, Table 1, row M: 1 values for 2 columns"):
        figures(table(rows=[{"method": "M", "values": [50.0]}]))
    with pytest.raises(ValueError, match="P, Table 1: unknown settings n_frame"):
        figures(table(n_frame=8))
    with pytest.raises(ValueError, match="protocol 'one_shot' is none of zero_shot, base_to_novel"):
        figures(table(protocol="one_shot"))


def test_the_papers_main_results_are_there() -> None:
    b16 = {"architecture": "ViT-B-16"}
    assert [the("T2L Table 1", "T2L", tested_on=d, **b16) for d in ("hmdb51", "ucf101")] == [52.9, 79.1]
    assert the("T2L Table 2", "T2L", tested_on="ssv2", set="harmonic_mean", **b16) == 14.8
    assert the("T2L Table 3", "T2L", tested_on="hmdb51", shots=4, **b16) == 61.1
    assert the("T2L Table 4", "T2L", tested_on="ucf101_o", **b16) == 25.1
    assert the("T2L Table 5", "T2L", tested_on="ucf101", trained_on="ucf101", set="top1") == 95.1
    assert the("T2L Table 7", "T2L (TTL without TFD)", tested_on="kinetics600") == 67.5
    assert the("AP-CLIP Table 1", "AP-CLIP", tested_on="kinetics600") == 73.4
    assert the("AP-CLIP Table 2", "AP-CLIP (pretrained on Kinetics-400)", tested_on="ucf101", set="novel") == 82.9
    assert the("AP-CLIP Table 4", "AP-CLIP", set="top5") == 96.8
    assert the("DTS-TPT Table 3", "DTS-TPT", tested_on="ucf101", architecture="ViT-L-14") == 81.0
    assert the("ZAR Table 1", "ZAR", tested_on="hmdb51", trained_on=None) == 43.6


def test_all_values_are_in_range() -> None:
    assert len(FIGURES) > 700
    for figure in FIGURES:
        assert 2 < figure.value < 98, figure
        assert figure.std is None or 0 < figure.std < 6, figure
        assert figure.shots in (None, 2, 4, 8, 16), figure
        assert figure.n_frames in (None, 8, 16, 32), figure
        assert figure.n_views in (None, 1, 3, 4, 5, 12, 30), figure
        assert figure.n_folds in (None, 1, 3), figure
        assert figure.class_text in TEXTS, figure
        assert figure.architecture in ("ViT-B-16", "ViT-B-32", "ViT-L-14"), figure


def test_a_protocol_fits_its_data_sets_and_sets() -> None:
    for figure in FIGURES:
        assert figure.tested_on in (SHIFTED if figure.protocol == "distribution_shift" else DATA_SETS), figure
        assert (figure.set in ("base", "novel", "harmonic_mean")) == (figure.protocol == "base_to_novel"), figure
        if figure.protocol == "zero_shot":
            assert figure.trained_on in (None, "kinetics400"), figure
        elif figure.protocol != "distribution_shift":
            assert figure.trained_on in (None, figure.tested_on), figure
        assert (figure.protocol == "few_shot") <= (figure.shots is not None), figure


def test_no_figure_is_there_twice() -> None:
    keys = Counter(
        (f.source, f.full_method, f.architecture, f.trained_on, f.tested_on, f.protocol, f.shots, f.set, f.class_text)
        for f in FIGURES
    )
    assert [key for key, count in keys.items() if count > 1] == []


def test_harmonic_means_follow_from_base_and_novel() -> None:
    rows: dict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
    for f in FIGURES:
        if f.protocol == "base_to_novel":
            rows[f.source, f.full_method, f.architecture, f.tested_on, f.class_text or ""][f.set] = f.value
    wrong = {}
    for key, row in rows.items():
        assert set(row) == {"base", "novel", "harmonic_mean"}, key
        expected = 2 * row["base"] * row["novel"] / (row["base"] + row["novel"])
        if abs(row["harmonic_mean"] - expected) > 0.15:
            wrong[key[:4]] = round(expected, 1)
    assert wrong == INCONSISTENT


def test_few_shot_figures_are_found_by_their_shots_and_others_by_data_set_and_protocol() -> None:
    four = find_published_figures(FIGURES, tested_on="hmdb51", protocol="few_shot", shots=4)
    assert {f.shots for f in four} == {4}
    assert {f.method for f in four} >= {"T2L", "AP-CLIP", "ViFi-CLIP"}
    novel = find_published_figures(FIGURES, tested_on="ucf101", protocol="base_to_novel", shots=16)
    assert {(f.tested_on, f.protocol) for f in novel} == {("ucf101", "base_to_novel")}
    assert {f.shots for f in novel} == {None, 16}
    assert find_published_figures(FIGURES, tested_on="moving_shapes", protocol="zero_shot") == []
