from pathlib import Path

import pytest

from tests.makers.results.paired_runs import write_answers, write_detections
from zsar.lightning_modules.command_line.summarize.compared.comparison import compare_runs


def test_figures_flips_and_p_of_one_run_a_side(tmp_path: Path) -> None:
    a = write_answers(tmp_path / "a", base="1100", novel="11110000")
    b = write_answers(tmp_path / "b", base="1010", novel="11111110")
    compared = compare_runs(a, b)
    base, novel, harmonic = compared.figures
    assert (base.name, base.first, base.second, base.difference) == ("base", 50, 50, 0)
    assert (base.flips, base.p, base.n_videos) == ((1, 1), 1, 4)
    assert (novel.first, novel.second, novel.flips, novel.p) == (50, 87.5, (3, 0), 0.25)
    low, high = novel.interval
    assert 0 <= low < 37.5 < high <= 100
    assert (harmonic.name, harmonic.flips, harmonic.p, harmonic.n_videos) == ("harmonic_mean", None, None, None)
    assert harmonic.difference == pytest.approx(2 * 50 * 87.5 / 137.5 - 50)
    written = compared.json()["figures"]["novel"]
    assert (written["difference"], written["flipped_right"], written["p"]) == (37.5, 3, 0.25)


def test_a_video_counts_once_for_all_seeds(tmp_path: Path) -> None:
    for seed, (ours, theirs) in enumerate([("1000", "0100"), ("1000", "0100"), ("0000", "1100")]):
        write_answers(tmp_path / "a" / f"seed{seed}", test=ours)
        write_answers(tmp_path / "b" / f"seed{seed}", test=theirs)
    compared = compare_runs(tmp_path / "a", tmp_path / "b")
    (figure,) = compared.figures
    assert compared.n_pairs == 3
    assert figure.flips == pytest.approx((4 / 3, 2 / 3))
    assert figure.p == 1  # the first is worse by one, the second better by three: one each
    assert figure.difference == pytest.approx(50 / 3)


def test_localizers_have_intervals_alone(tmp_path: Path) -> None:
    annotated = {name: [("jump", 0.0, 4.0)] for name in "abcd"}
    a = write_detections(tmp_path / "a", {name: [("jump", 0.0, 4.0, 0.5)] for name in "abcd"}, annotated)
    b = write_detections(tmp_path / "b", {name: [("jump", 0.0, 1.0, 0.5)] for name in "abcd"}, annotated)
    compared = compare_runs(a, b)
    assert [figure.name for figure in compared.figures] == ["map_0.5", "map"]
    for figure in compared.figures:
        assert (figure.first, figure.second, figure.interval) == (100, 0, (-100, -100))
        assert (figure.flips, figure.p, figure.n_videos) == (None, None, 4)
    assert "p" not in compared.json()["figures"]["map"]
