from pathlib import Path

from tests.makers.report.pictured_runs import add_pictures, as_json, detection_numbers, localizer_run, picture_of
from tests.makers.results.run_folders import HOSTILE, PageElements
from zsar.lightning_modules.command_line.report.reported_run import read_reported_run
from zsar.lightning_modules.command_line.report.sections.pictures.detection_errors import section


def test_kinds_costs_and_classes(tmp_path: Path) -> None:
    made = section([read_reported_run(localizer_run(tmp_path / "a"), "a")])
    assert made is not None
    text = PageElements(made.html).text
    assert "atest16823140017" in text.replace("\n", "")
    assert "atest40.00.00.51.01.52.02.53.03.5" in text.replace("\n", "")
    assert made.html.count('role="img"') == 3
    assert "run4290.200" in text
    assert "mAP at IoU 0.5, %" in text
    assert (
        made.summary
        == "a, test: 8 of 16 instances are found; the most costly errors are background: 3.5 points of mAP."
    )


def test_shares_of_the_best_predictions_add_up(tmp_path: Path) -> None:
    made = section([read_reported_run(localizer_run(tmp_path / "a"), "a")])
    assert made is not None
    # 5 found, 2 double, 3 wrong label, 1 + 4 wrong times, 1 confusion, 7 background: 23
    shares = [100 * n / 23 for n in (5, 2, 3, 5, 1, 7)]
    names = ("found", "double detection", "wrong label", "wrong times", "confusion", "background")
    for name, share in zip(names, shares, strict=True):
        assert f"{name}: {share:.4g} at 1<" in made.html


def test_further_sets_are_folded_and_bounded(tmp_path: Path) -> None:
    entries = [
        (picture_of("detection_errors", set_name=f"split_{i}"), {"numbers": as_json(detection_numbers())})
        for i in range(10)
    ]
    add_pictures(tmp_path, "detection_errors", entries)
    made = section([read_reported_run(tmp_path, "a")])
    assert made is not None
    assert PageElements(made.html).tags.count("details") == 3
    assert "6 more sets are in pictures/detection_errors" in made.html


def test_all_draws_together_come_first(tmp_path: Path) -> None:
    sets = [f"split_{i}" for i in range(6)] + ["all_draws"]
    entries = [
        (picture_of("detection_errors", set_name=name), {"numbers": as_json(detection_numbers())}) for name in sets
    ]
    add_pictures(tmp_path, "detection_errors", entries)
    made = section([read_reported_run(tmp_path, "a")])
    assert made is not None
    assert "<h3>a, all_draws</h3>" in made.html
    assert made.summary.startswith("a, all_draws: 8 of 16")


def test_damaged_numbers_and_hostile_names(tmp_path: Path) -> None:
    contents = [{}, {"errors": 3, "gain": [], "best_predictions": [1], "classes": [{"recall": [1, "a"]}]}]
    contents.append(detection_numbers([HOSTILE]))
    add_pictures(
        tmp_path,
        "detection_errors",
        [(picture_of("detection_errors", set_name=f"s{i}"), {"numbers": as_json(c)}) for i, c in enumerate(contents)],
    )
    made = section([read_reported_run(tmp_path, HOSTILE)])
    assert made is not None
    assert "script" not in PageElements(made.html).tags


def test_none_without_them(tmp_path: Path) -> None:
    assert section([read_reported_run(tmp_path, "a")]) is None
