"""T3AL with a memory as a whole: against the restatement, and whatever the order, the batch or the process."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from tests.makers.command_line.more_processes import run_apart, zsar_of_three_processes
from tests.makers.models.annotated_localizer import SPARSE, trainer
from tests.makers.videos.embedded_videos import NAMES, class_text, embedding_of, video_of
from tests.reference import llt
from tests.reference import t3al as reference
from zsar.callbacks.results.localization_manifest import LocalizationManifest
from zsar.datamodules.data_sets.untrimmed.untrimmed_shapes import UntrimmedShapes
from zsar.datamodules.lists.localization_splits import ClassSplit
from zsar.lightning_modules.localization.contract import Localization, UntrimmedFeatures
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.t3al.memory.class_prototypes import ClassPrototypes, Order
from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning
from zsar.lightning_modules.t3al.t3al import T3AL

STILL = ProjectionTuning(n_steps=0, window_frames=3)
TEXTS = [class_text(("dancing", "chess")), class_text(("diving", "dancing"))]
ACTIONS = (
    {(20, 40): "dancing"},
    {(5, 25): "diving"},
    {(30, 50): "dancing"},
    {(10, 40): "chess"},
    {(60, 90): "dancing"},
)


@pytest.fixture
def make(tiny_weights: Path) -> Any:
    def made(memory: ClassPrototypes | None, **settings: Any) -> T3AL:
        arguments = {"tuning": STILL, "suppression": None, "region_class": "pseudo_label", **settings}
        return T3AL(backbone=ClipSettings("tiny-clip", str(tiny_weights)), memory=memory, **arguments)

    return made


@pytest.fixture(scope="module")
def shapes_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    UntrimmedShapes(data_root=root, n_videos=1).prepare_data()
    return root


def videos_of(model: T3AL, sets: tuple[int, ...] = (0,)) -> list[UntrimmedFeatures]:
    return [
        replace(video_of(model, actions, video_id=f"v{i}", noise=0.3, seed=i), sets=sets)
        for i, actions in enumerate(ACTIONS)
    ]


def curves(found: Sequence[dict[int, Localization]], index: int = 0) -> list[Tensor]:
    return [of_video[index].curves[0].scores for of_video in found]


@pytest.mark.parametrize("order", ["two_pass", "stream"])
def test_the_scores_of_frames_are_those_of_the_restatement(make: Any, order: Order) -> None:
    model = make(ClassPrototypes(capacity=2, order=order))
    videos = videos_of(model)
    model.remember(videos, [class_text()])
    found = model.localize(videos, [class_text()])
    own = model.projections
    embedded = [(video.id, (video.features @ own.visual).double()) for video in videos]
    y = torch.stack([embedding_of(model, name) for name in NAMES]).double()
    expected = llt.scores_of(embedded, y, size=2, gamma=0.05, scale=float(own.log_scale.exp()), order=order)
    for of_video, scores in zip(found, expected, strict=True):
        smooth = reference.smoothed(scores, 3)
        smooth = (smooth - smooth.min()) / (smooth.max() - smooth.min())
        assert_close(of_video[0].curves[0].scores.double(), smooth, atol=2e-5, rtol=0)
        runs = [(d.segment.first_frame, d.segment.last_frame) for d in of_video[0].detections]
        assert runs == reference.segments(scores, 3)


def test_one_video_and_one_place_are_the_easy_frames_of_this_video_alone(make: Any) -> None:
    model, plain = make(ClassPrototypes(capacity=1)), make(None)
    videos = videos_of(model)
    alone = []
    for video in videos:
        model.remember([video], TEXTS[:1])
        alone += model.localize([video], TEXTS[:1])
    streamed = make(ClassPrototypes(capacity=1, order="stream"))
    streamed.remember(videos[:1], TEXTS[:1])
    assert torch.equal(curves(streamed.localize(videos[:1], TEXTS[:1]))[0], curves(alone)[0])
    by_text = plain.localize(videos, TEXTS[:1])
    assert all((a - b).abs().max() > 0.01 for a, b in zip(curves(alone), curves(by_text), strict=True))
    assert [a[0].pseudo_labels for a in alone] == [b[0].pseudo_labels for b in by_text]


@pytest.mark.parametrize("order", ["two_pass", "stream"])
def test_neither_the_order_of_videos_nor_their_batch_nor_other_sets_change_a_bit(make: Any, order: Order) -> None:
    model = make(ClassPrototypes(capacity=2, order=order), segment_score="mean")
    videos = videos_of(model, (0, 1))
    model.remember(videos, TEXTS)
    whole = {video.id: found for video, found in zip(videos, model.localize(videos, TEXTS), strict=True)}
    model.remember(videos[::-1], TEXTS)
    for video in videos[::-1]:
        (found,) = model.localize([video], TEXTS)
        assert [d for s in found.values() for d in s.detections] == [
            d for s in whole[video.id].values() for d in s.detections
        ]
        assert all(torch.equal(found[i].curves[0].scores, whole[video.id][i].curves[0].scores) for i in (0, 1))
    alone = make(ClassPrototypes(capacity=2, order=order), segment_score="mean")
    second = [replace(video, sets=(0,)) for video in videos]
    alone.remember(second, TEXTS[1:])
    for video, found in zip(videos, alone.localize(second, TEXTS[1:]), strict=True):
        assert torch.equal(found[0].curves[0].scores, whole[video.id][1].curves[0].scores)


def test_a_class_of_which_nothing_was_seen_is_found_by_its_text(make: Any) -> None:
    model, plain = make(ClassPrototypes()), make(None)
    still = replace(video_of(model, {}, n_frames=20, noise=0.0), id="still")
    video = videos_of(model)[0]
    model.remember([still], TEXTS[:1])
    assert model.memory_counts() == {0: {"n_classes": 0, "n_candidates": 0}}
    assert torch.equal(curves(model.localize([video], TEXTS[:1]))[0], curves(plain.localize([video], TEXTS[:1]))[0])


def test_it_is_refused_to_find_before_all_was_seen(make: Any) -> None:
    model = make(ClassPrototypes())
    with pytest.raises(ValueError, match="the memory is empty; show it all videos"):
        model.localize(videos_of(model), TEXTS[:1])


# --- with the trainer -------------------------------------------------------------------------------------------------


def results(model: T3AL, root: Path, run_dir: Path, batch_size: int) -> dict[str, Any]:
    loading = replace(SPARSE, batch_size=batch_size)
    data = UntrimmedShapes(data_root=root, n_videos=1, loading=loading, split=ClassSplit(number="all"))
    trainer(run_dir, LocalizationManifest()).test(model, datamodule=data, verbose=False)
    return dict(json.loads((run_dir / "results.json").read_text()))


def test_a_test_from_videos_reads_them_once_and_does_not_depend_on_the_batch(
    make: Any, shapes_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, original = [], UntrimmedShapes.open_frames

    def counted(self: UntrimmedShapes, row: int, **settings: Any) -> Any:
        opened.append(row)
        return original(self, row, **settings)

    monkeypatch.setattr(UntrimmedShapes, "open_frames", counted)
    model = make(ClassPrototypes())
    seven, one = (results(model, shapes_root, tmp_path / str(n), n) for n in (7, 1))
    assert sorted(opened) == sorted(2 * list(range(16)))
    assert seven["sets"] == one["sets"]
    assert seven["memory"] == one["memory"]
    assert set(seven["memory"]) == set(seven["sets"])
    assert all(1 <= of_set["n_classes"] <= of_set["n_candidates"] <= 8 for of_set in seven["memory"].values())
    assert model._remembered.video(0) is None  # nothing is kept after the test


@pytest.mark.slow
@pytest.mark.parametrize("order", ["two_pass", "stream"])
def test_one_two_and_three_processes_find_the_same(
    shapes_root: Path, tmp_path: Path, order: Order, tiny_weights: Path
) -> None:
    command = [*zsar_of_three_processes(tmp_path), "test", "--config", "configs/experiment/untrimmed_shapes_llt.yaml"]
    command += ["--model.backbone.architecture", "tiny-clip", "--model.backbone.weights", str(tiny_weights)]
    command += ["--data.n_videos", "1", "--data.data_root", str(shapes_root), "--data.loading.stride.frames", "16"]
    command += ["--model.memory.order", order]
    of_processes = []
    for n in (1, 2, 3):
        run_dir = tmp_path / str(n)
        more = ["--trainer.devices", str(n), "--trainer.strategy", "ddp"] if n > 1 else []
        run_apart([*command, *more, "--run_dir", str(run_dir)])
        content = json.loads((run_dir / "results.json").read_text())
        assert content["n_processes"] == n
        of_processes.append((content["sets"], content["memory"]))
    assert of_processes[0] == of_processes[1] == of_processes[2]
