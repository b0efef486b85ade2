"""The charts of `zsar summarize`, before they are drawn."""

from pathlib import Path

from tests.makers.results.localization_results import AS_PUBLISHED, localization_groups, write_localization
from tests.makers.results.recognition_results import described, recognition_groups, recognition_of, write_result
from zsar.callbacks.pictures.result_chart import Published
from zsar.lightning_modules.command_line.summarize.published.published_comparison import ComparedRow, compare
from zsar.lightning_modules.command_line.summarize.published.published_figures import load_published_figures
from zsar.lightning_modules.command_line.summarize.summary_charts import summary_charts

FIGURES = load_published_figures()
THRESHOLDS = ("map_0.3", "map_0.4", "map_0.5", "map_0.6", "map_0.7", "map")
OF_PAPER = {"class_path": "zsar.lightning_modules.t3al.T3AL", "architecture": "coca_ViT-L-14", "backbone_hash": "h"}


def test_the_oracle_study_is_one_chart_with_deviations_and_what_the_paper_reports(tmp_path: Path) -> None:
    """T3AL, Figure 4: section 5.2 has 17.4 for perfect selection, and 10.4 is that of Table 1."""
    folders = [
        write_localization(
            tmp_path / name / f"seed{seed}",
            value + seed,
            names=THRESHOLDS,
            seed=seed,
            arguments={**AS_PUBLISHED, **({"oracles": oracles} if oracles else {})},
            model=OF_PAPER,
        )
        for name, value, oracles in (("t3al", 15.0, {}), ("oracle_selection", 22.0, {"selection": True}))
        for seed in (0, 1, 2)
    ]
    rows = [ComparedRow(group, tuple(compare(group, FIGURES))) for group in localization_groups(*folders)]
    (chart,) = summary_charts(rows)
    assert chart.figure == "mAP in %, mean over temporal IoU 0.3, 0.4, 0.5, 0.6, 0.7"
    first, second = chart.bars
    assert (first.name, first.value, first.std, first.runs) == ("t3al", 11, 1, (10, 11, 12))
    assert first.curve == {"0.3": 16, "0.4": 15, "0.5": 14, "0.6": 13, "0.7": 12}
    assert first.published is not None
    assert second.published is not None
    assert (first.published.value, first.published.source) == (10.4, "T3AL Table 1")
    assert (second.published.value, second.published.source) == (17.4, "T3AL Section 5.2")


def test_recognition_shows_the_harmonic_mean_or_the_test_set(tmp_path: Path) -> None:
    data = described("moving_shapes", protocol="base_to_novel")
    folders = [
        write_result(tmp_path / "both", {"base": 40, "novel": 60}, data=data),
        write_result(tmp_path / "all", {"test": 79}, data=described("ucf101"), trained_on=described("kinetics400")),
    ]
    groups = recognition_groups([recognition_of(folder) for folder in folders])
    charts = summary_charts([ComparedRow(group, tuple(compare(group, FIGURES))) for group in groups])
    assert [(chart.figure, chart.bars[0].value, chart.curve_axis) for chart in charts] == [
        ("top-1 in percent, harmonic mean of base and novel classes", 48, None),
        ("top-1 in percent, test", 79, None),
    ]
    published = charts[1].bars[0].published
    assert isinstance(published, Published)
    assert published.source == "T2L Table 1"


def test_localization_at_one_threshold_has_no_curve(tmp_path: Path) -> None:
    folder = write_localization(tmp_path / "run", 30.0, names=("map_0.5", "map"))
    (chart,) = summary_charts([ComparedRow(group) for group in localization_groups(folder)])
    assert (chart.figure, chart.curve_axis, chart.bars[0].published) == ("mAP in % at temporal IoU 0.5", None, None)


def test_sets_without_a_harmonic_mean_have_a_chart_each(tmp_path: Path) -> None:
    groups = recognition_groups([recognition_of(write_result(tmp_path / "run", {"clean": 47, "motion_blur": 14}))])
    charts = summary_charts([ComparedRow(group) for group in groups])
    assert [(chart.figure, chart.bars[0].value) for chart in charts] == [
        ("top-1 in percent, clean", 47),
        ("top-1 in percent, motion blur", 14),
    ]
