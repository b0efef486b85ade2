import pytest
import torch

from zsar.callbacks.prompt_tuning.tuning_report import TuningTotals, print_report


def logits(*classes: int) -> torch.Tensor:
    """Three classes, the given ones certain."""
    return 100 * torch.nn.functional.one_hot(torch.tensor(classes), 3).float()


def counted() -> TuningTotals:
    totals = TuningTotals()
    totals.count(
        before=logits(0, 1, 2, 0, 0),
        by_views=logits(0, 0, 2, 2, 0),
        after=logits(0, 0, 1, 2, 0),
        labels=torch.tensor([0, 0, 2, 2, -1]),
        decoded=torch.tensor([True] * 5),
        not_tuned=torch.tensor([True, False, False, False, False]),
    )
    return totals


def test_videos_are_counted_by_hand() -> None:
    totals = counted()
    assert (totals.n, totals.n_labelled, totals.not_tuned) == (5, 4, 1)
    assert (totals.right_before, totals.right_by_views, totals.right_after) == (2, 4, 3)
    assert (totals.flipped_right, totals.flipped_wrong) == (2, 1)
    assert totals.gain == 25
    metrics = totals.metrics()
    assert (metrics["untuned_top1"], metrics["views_top1"], metrics["tuned_top1"]) == (50, 100, 75)


def test_undecoded_videos_count_nowhere() -> None:
    totals, nothing = TuningTotals(), torch.tensor([False, True])
    totals.count(
        logits(0, 1),
        logits(0, 1),
        logits(0, 1),
        torch.tensor([0, 0]),
        decoded=nothing,
        not_tuned=torch.tensor([True, False]),
    )
    assert (totals.n, totals.right_after, totals.not_tuned) == (1, 0, 0)


def test_entropy_is_in_nats_and_leaves_out_what_is_not_a_number() -> None:
    totals = TuningTotals()
    uniform = torch.zeros(2, 3)
    broken = torch.tensor([[0.0, 0, 0], [torch.nan, 0, 0]])
    flags = {"decoded": torch.tensor([True, True]), "not_tuned": torch.tensor([False, True])}
    totals.count(uniform, uniform, broken, torch.tensor([0, 0]), **flags)
    assert totals.entropy_before == pytest.approx(torch.log(torch.tensor(3.0)).item())


def test_processes_add_up() -> None:
    one, two = counted(), counted()
    one.tuning_seconds, two.tuning_seconds = 1.0, 3.0
    one.add(two)
    assert (one.n, one.flipped_right, one.tuning_seconds) == (10, 4, 4.0)
    assert one.metrics()["tuning_seconds"] == pytest.approx(0.4)


def test_an_empty_share_of_a_set_has_numbers_all_the_same() -> None:
    assert set(TuningTotals().metrics().values()) == {0.0}


def test_the_table_has_a_row_for_each_set(capsys: pytest.CaptureFixture[str]) -> None:
    unlabelled = TuningTotals(n=2)
    print_report("ZAR", {"base": counted(), "predict": unlabelled})
    lines = capsys.readouterr().out.splitlines()
    (base,) = [line for line in lines if "base" in line]
    assert [cell.strip() for cell in base.split("│")[2:6]] == ["50.0", "100.0", "75.0", "2 / 1"]
    (predict,) = [line for line in lines if "predict" in line]
    assert [cell.strip() for cell in predict.split("│")[2:6]] == [""] * 4
    assert all(len(line) <= 120 for line in lines)


def test_some_microseconds_are_not_zero(capsys: pytest.CaptureFixture[str]) -> None:
    print_report("TDA", {"base": TuningTotals(n=2, encoding_seconds=0.5, tuning_seconds=2e-4)})
    (base,) = [line for line in capsys.readouterr().out.splitlines() if "base" in line]
    assert [cell.strip() for cell in base.split("│")[-4:-1]] == ["0.000", "0.250", "0.0001"]
