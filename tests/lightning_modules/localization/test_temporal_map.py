import random
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest
import torch
from torch import Tensor, distributed
from torch.multiprocessing.spawn import spawn

from tests.reference import temporal_map as reference
from tests.reference.temporal_map import Instance, Prediction
from zsar.lightning_modules.localization.temporal_map import TemporalMeanAveragePrecision


def add(
    metric: TemporalMeanAveragePrecision,
    predictions: Iterable[Prediction],
    truth: Iterable[Instance],
    videos: Iterable[int] = (0,),
) -> None:
    """One update with the rows of some videos."""
    predicted = torch.tensor(list(predictions), dtype=torch.float64).reshape(-1, 5)
    true = torch.tensor(list(truth), dtype=torch.float64).reshape(-1, 4)
    metric.update(
        videos=torch.tensor(list(videos)),
        predicted_videos=predicted[:, 0].long(),
        predicted_classes=predicted[:, 1].long(),
        predicted_seconds=predicted[:, 2:4],
        scores=predicted[:, 4],
        true_videos=true[:, 0].long(),
        true_classes=true[:, 1].long(),
        true_seconds=true[:, 2:],
    )


def result(
    predictions: Iterable[Prediction],
    truth: Iterable[Instance],
    *,
    videos: Iterable[int] = (0,),
    n_classes: int = 1,
    thresholds: tuple[float, ...] = (0.5,),
) -> dict[str, float]:
    metric = TemporalMeanAveragePrecision(n_classes, thresholds)
    add(metric, predictions, truth, videos)
    return metric.compute()


def random_rows(seed: int, n_predictions: int = 150) -> tuple[list[Prediction], list[Instance]]:
    """Six videos and four classes on a coarse grid of whole seconds: many equal scores, starts and overlaps."""
    draw = random.Random(seed)

    def segment() -> tuple[float, float]:
        start = draw.randrange(20)
        return float(start), float(start + draw.randrange(8))

    # Class 3 has no ground truth, video 5 neither.
    truth = [(draw.randrange(5), draw.randrange(3), *segment()) for _ in range(40)]
    near = [draw.choice(truth) for _ in range(n_predictions // 2)]
    segments = [(video, label, start, end + draw.randrange(2)) for video, label, start, end in near]
    segments += [(draw.randrange(6), draw.randrange(4), *segment()) for _ in range(n_predictions - len(near))]
    return [(*row, draw.randrange(5) / 4) for row in segments], truth


# --- by hand ----------------------------------------------------------------------------------------------------------


def test_hand_computed_example() -> None:
    truth = [(0, 0, 0.0, 10.0), (0, 0, 20.0, 30.0), (1, 0, 0.0, 10.0)]
    predictions = [
        (0, 0, 0.0, 8.0, 0.9),  # IoU 0.8: found
        (0, 0, 40.0, 50.0, 0.8),  # nothing there
        (1, 0, 5.0, 15.0, 0.7),  # IoU 1/3: found at 0.3 only
        (0, 0, 20.0, 30.0, 0.6),  # IoU 1
    ]
    got = result(predictions, truth, videos=(0, 1), thresholds=(0.3, 0.5))
    # Precision at the hits: 1/1, 2/3, 3/4, made non-increasing: 1, 3/4, 3/4. At 0.5: 1/1 and 2/4.
    assert got["map_0.3"] == pytest.approx(100 * (1 + 0.75 + 0.75) / 3)
    assert got["map_0.5"] == pytest.approx(100 * (1 + 0.5) / 3)
    assert got["map"] == pytest.approx((got["map_0.3"] + got["map_0.5"]) / 2)
    assert (got["n_classes"], got["n_videos"]) == (1, 2)


def test_an_overlap_of_exactly_the_threshold_is_found() -> None:
    found = result([(0, 0, 0.0, 3.0, 1.0)], [(0, 0, 0.0, 10.0)], thresholds=(0.1 + 0.2, 0.31))
    assert (found["map_0.3"], found["map_0.31"]) == (100, 0)


def test_a_second_detection_of_an_instance_is_a_false_positive() -> None:
    truth = [(0, 0, 0.0, 10.0), (0, 0, 50.0, 60.0)]
    predictions = [(0, 0, 0.0, 10.0, 0.9), (0, 0, 0.0, 10.0, 0.8), (0, 0, 50.0, 60.0, 0.7)]
    assert result(predictions, truth)["map_0.5"] == pytest.approx(100 * (1 + 2 / 3) / 2)


def test_a_prediction_whose_best_instance_is_taken_gets_the_next_best() -> None:
    truth = [(0, 0, 0.0, 10.0), (0, 0, 2.0, 14.0)]
    # The second prediction overlaps the first instance with 1 and the other with 8/14; the third has nothing left.
    predictions = [(0, 0, 0.0, 9.0, 0.9), (0, 0, 0.0, 10.0, 0.8), (0, 0, 2.0, 14.0, 0.7)]
    got = result(predictions, truth, thresholds=(0.5, 0.6))
    assert got["map_0.5"] == pytest.approx(100)
    assert got["map_0.6"] == pytest.approx(100 * (1 + 2 / 3) / 2)


def test_equal_scores_are_ranked_by_video_then_start_then_end() -> None:
    truth = [(1, 0, 10.0, 20.0)]
    before_it = [(0, 0, 90.0, 99.0, 0.5), (1, 0, 0.0, 50.0, 0.5), (1, 0, 10.0, 12.0, 0.5)]
    found = (1, 0, 10.0, 20.0, 0.5)
    after_it = [(1, 0, 10.0, 90.0, 0.5), (1, 0, 11.0, 12.0, 0.5), (2, 0, 0.0, 1.0, 0.5)]
    for n_before in range(4):
        rows = [*after_it, found, *before_it[:n_before]]
        assert result(rows, truth, videos=(0, 1, 2))["map_0.5"] == pytest.approx(100 / (1 + n_before))


def test_a_class_without_predictions_counts_zero_and_one_without_ground_truth_is_left_out() -> None:
    truth = [(0, 0, 0.0, 10.0), (0, 1, 0.0, 10.0)]
    predictions = [(0, 0, 0.0, 10.0, 0.9), (0, 2, 0.0, 10.0, 1.0)]
    got = result(predictions, truth, n_classes=3)
    assert got["map_0.5"] == pytest.approx(50)
    assert got["n_classes"] == 2


def test_predictions_in_a_video_without_ground_truth_are_false_positives() -> None:
    found = (0, 0, 0.0, 10.0, 0.5)
    elsewhere = (7, 0, 0.0, 10.0, 0.9)
    assert result([found, elsewhere], [(0, 0, 0.0, 10.0)], videos=(0, 7))["map_0.5"] == pytest.approx(50)


def test_instances_of_a_video_without_predictions_are_missed() -> None:
    truth = [(0, 0, 0.0, 10.0), (7, 0, 0.0, 10.0)]
    assert result([(0, 0, 0.0, 10.0, 0.5)], truth, videos=(0, 7))["map_0.5"] == pytest.approx(50)


def test_videos_without_anything_predicted_give_zero() -> None:
    got = result([], [(0, 0, 0.0, 10.0)])
    assert (got["map_0.5"], got["map"]) == (0, 0)


def test_a_segment_without_length_finds_nothing() -> None:
    assert result([(0, 0, 5.0, 5.0, 0.5)], [(0, 0, 5.0, 5.0)])["map_0.5"] == 0


def test_the_mean_of_papers_on_activitynet_is_that_of_three_thresholds() -> None:
    thresholds = tuple(0.5 + 0.05 * step for step in range(10))
    got = result([(0, 0, 0.0, 7.6, 0.5)], [(0, 0, 0.0, 10.0)], thresholds=thresholds)
    assert got["map_0.75"] == 100
    assert got["map"] == pytest.approx(60)
    assert got["paper_mean"] == pytest.approx(200 / 3)
    assert "paper_mean" not in result([], [(0, 0, 0.0, 10.0)], thresholds=(0.3, 0.5, 0.75))


# --- against the reference, and properties ----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
def test_random_predictions_agree_with_the_reference(seed: int) -> None:
    predictions, truth = random_rows(seed)
    thresholds = (0.1, 0.3, 0.5, 0.75, 0.95)
    got = result(predictions, truth, videos=range(6), n_classes=4, thresholds=thresholds)
    for threshold in thresholds:
        expected = reference.temporal_map(predictions, truth, threshold)
        assert got[f"map_{threshold:g}"] == pytest.approx(expected, abs=1e-9, rel=0)
    assert 0 < got["map_0.95"] < got["map_0.1"]


def test_blocks_of_predictions_do_not_show_in_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    predictions, truth = random_rows(9)
    whole = result(predictions, truth, videos=range(6), n_classes=4)
    monkeypatch.setattr("zsar.lightning_modules.localization.average_precision._BLOCK", 7)
    assert result(predictions, truth, videos=range(6), n_classes=4) == whole


def test_neither_order_nor_batches_matter() -> None:
    predictions, truth = random_rows(10)
    whole = result(predictions, truth, videos=range(6), n_classes=4)
    random.Random(0).shuffle(predictions)
    truth.reverse()
    metric = TemporalMeanAveragePrecision(4, (0.5,))
    for videos in ((5,), (3, 0), (1, 2, 4)):
        add(metric, [p for p in predictions if p[0] in videos], [t for t in truth if t[0] in videos], videos)
    assert metric.compute() == whole


def test_large_ids_and_scores_that_hardly_differ_are_told_apart() -> None:
    first, second = 2**53 - 1, 2**53
    truth = [(second, 0, 0.0, 10.0)]
    predictions = [(first, 0, 0.0, 10.0, 0.5), (second, 0, 0.0, 10.0, 0.5 + 1e-12)]
    assert result(predictions, truth, videos=(first, second))["map_0.5"] == 100


def test_calling_the_metric_gives_the_batch_and_adds_it() -> None:
    metric = TemporalMeanAveragePrecision(1, (0.5,))
    seconds, zero = torch.tensor([[0.0, 1.0]]), torch.tensor([0])
    figures = []
    for video, shift in ((0, 0.0), (1, 5.0)):
        figures.append(
            metric(
                videos=zero + video,
                predicted_videos=zero + video,
                predicted_classes=zero,
                predicted_seconds=seconds + shift,
                scores=torch.ones(1),
                true_videos=zero + video,
                true_classes=zero,
                true_seconds=seconds,
            )["map"]
        )
    assert figures == [100, 0]
    assert metric.compute()["map"] == 50


def test_reset_forgets_everything() -> None:
    metric = TemporalMeanAveragePrecision(1, (0.5,))
    add(metric, [(0, 0, 0.0, 1.0, 0.5)], [(0, 0, 50.0, 60.0)])
    metric.reset()
    add(metric, [(0, 0, 50.0, 60.0, 0.5)], [(0, 0, 50.0, 60.0)])
    assert metric.compute()["map_0.5"] == 100


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("predictions", "truth", "message"),
    [
        ([(3, 0, 0.0, 1.0, 0.5), (3, 0, 5.0, 4.0, 0.5)], [], r"prediction 1, of video 3: \[5.0, 4.0\].*end before"),
        ([], [(3, 0, 5.0, 4.0)], r"true instance 0, of video 3: \[5.0, 4.0\].*end before they start"),
        ([(3, 0, 0.0, float("inf"), 0.5)], [], r"prediction 0, of video 3: \[0.0, inf\].*finite"),
        ([(3, 0, 0.0, 1.0, float("nan"))], [], "prediction 0, of video 3: nan is not a finite score"),
        ([(3, 2, 0.0, 1.0, 0.5)], [], "prediction 0, of video 3: 2 is not a class; there are n_classes=2"),
        ([], [(3, -1, 0.0, 1.0)], "true instance 0, of video 3: -1 is not a class"),
        ([(4, 0, 0.0, 1.0, 0.5)], [], "prediction 0, of video 4: 4 is not among the videos of this update"),
    ],
)
def test_wrong_rows_are_named(predictions: list[Prediction], truth: list[Instance], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        add(TemporalMeanAveragePrecision(2, (0.5,)), predictions, truth, (3,))


def test_a_video_evaluated_twice_is_named_and_not_added() -> None:
    metric = TemporalMeanAveragePrecision(1, (0.5,))
    add(metric, [], [(3, 0, 0.0, 1.0)], (3,))
    with pytest.raises(ValueError, match=r"1 videos were evaluated twice, the first of them \[3\]"):
        add(metric, [], [], (2, 3))
    assert metric.compute()["n_videos"] == 1
    with pytest.raises(ValueError, match=r"\[2\]"):
        add(metric, [], [], (2, 2))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("videos", torch.zeros(1), "videos must be integers"),
        ("videos", torch.tensor([2**53 + 2]), "2\\^53"),
        ("predicted_classes", torch.zeros(1), "classes of predictions must be integers.*long"),
        ("predicted_seconds", torch.zeros(2), r"seconds \[N, 2\]"),
        ("scores", torch.zeros(2), r"1 predictions and scores \[2\]"),
        ("true_videos", torch.zeros(2, dtype=torch.long), r"\[2\], \[1\] and \[1, 2\]"),
    ],
)
def test_tensors_of_wrong_shape_or_type_are_refused(name: str, value: Tensor, message: str) -> None:
    zero, seconds = torch.tensor([0]), torch.tensor([[0.0, 1.0]])
    given = {
        "videos": zero,
        "predicted_videos": zero,
        "predicted_classes": zero,
        "predicted_seconds": seconds,
        "scores": torch.ones(1),
        "true_videos": zero,
        "true_classes": zero,
        "true_seconds": seconds,
    }
    with pytest.raises(ValueError, match=message):
        TemporalMeanAveragePrecision(1, (0.5,)).update(**{**given, name: value})


def test_no_ground_truth_is_an_error_not_a_figure() -> None:
    with pytest.raises(ValueError, match="no ground truth in the 1 videos"):
        result([(0, 0, 0.0, 1.0, 0.5)], [])


@pytest.mark.parametrize(
    ("thresholds", "message"),
    [((), "at least one"), ((0.0, 0.5), "above 0"), ((1.1,), "at most 1"), ((0.3, 0.1 + 0.2), "twice")],
)
def test_thresholds_out_of_range_are_refused(thresholds: tuple[float, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TemporalMeanAveragePrecision(1, thresholds)


def test_no_class_is_refused() -> None:
    with pytest.raises(ValueError, match="n_classes=0"):
        TemporalMeanAveragePrecision(0, (0.5,))


# --- processes --------------------------------------------------------------------------------------------------------


def evaluate_on_one_rank(rank: int, folder: Path) -> None:
    """Computes three figures together with the other rank and stores them, or their errors."""
    meeting, patience = f"file://{folder / 'meeting'}", timedelta(seconds=60)
    distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=2, timeout=patience)
    predictions, truth = random_rows(11)
    everything: list[dict[str, float] | str] = []
    # Shares of different size, a process without any video, and a video that both have.
    for shares in (((0, 3, 4, 5), (1, 2)), (range(6), ()), (range(6), (2,))):
        metric = TemporalMeanAveragePrecision(4, (0.3, 0.5))
        for video in shares[rank]:
            add(metric, [p for p in predictions if p[0] == video], [t for t in truth if t[0] == video], (video,))
        try:
            everything.append(metric.compute())
        except ValueError as error:
            everything.append(str(error))
    torch.save(everything, folder / f"{rank}.pt")
    distributed.destroy_process_group()


@pytest.mark.slow
def test_two_processes_get_the_figures_of_one(tmp_path: Path) -> None:
    spawn(evaluate_on_one_rank, args=(tmp_path,), nprocs=2)
    predictions, truth = random_rows(11)
    alone = result(predictions, truth, videos=range(6), n_classes=4, thresholds=(0.3, 0.5))
    for rank in range(2):
        uneven, one_idle, shared_video = torch.load(tmp_path / f"{rank}.pt")
        assert uneven == alone
        assert one_idle == alone
        assert "evaluated twice, the first of them [2]" in shared_video
