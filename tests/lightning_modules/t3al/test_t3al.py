from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, get_args

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from tests.makers.files.stored_files import caption_source
from tests.makers.videos.embedded_videos import NAMES, class_text, embedding_of, video_of
from tests.reference import t3al as reference
from zsar.lightning_modules.localization.contract import Localization, Truth
from zsar.lightning_modules.localization.stored.caption_files import SUFFIX, CaptionFileError, write_captions
from zsar.lightning_modules.localization.stored.video_captions import VideoCaptions
from zsar.lightning_modules.open_clip_towers.clip_settings import ClipSettings
from zsar.lightning_modules.t3al.localization_oracles import Oracles
from zsar.lightning_modules.t3al.projection_tuning import ProjectionTuning
from zsar.lightning_modules.t3al.pseudo_labels import PseudoLabels
from zsar.lightning_modules.t3al.region_proposals import RegionProposals
from zsar.lightning_modules.t3al.segment_scores.scored_segments import SegmentScore
from zsar.lightning_modules.t3al.t3al import T3AL
from zsar.lightning_modules.t3al.text_guided_suppression import TextGuidedSuppression

TUNING = ProjectionTuning(n_steps=6, n_selected=2, window_frames=3, learning_rate=1e-3)
TWO_DANCES = {(20, 40): "dancing", (60, 75): "dancing"}


@pytest.fixture
def make(tiny_weights: Path) -> Any:
    def made(**settings: Any) -> T3AL:
        arguments = {"tuning": TUNING, "suppression": None, **settings}
        return T3AL(backbone=ClipSettings("tiny-clip", str(tiny_weights)), **arguments)

    return made


def found(localization: Localization) -> list[tuple[float, float, str]]:
    return [(d.segment.start_seconds, d.segment.end_seconds, NAMES[d.label]) for d in localization.detections]


def truth(*instances: tuple[str, float, float], names: Sequence[str] = NAMES) -> Truth:
    return Truth(
        torch.tensor([names.index(name) for name, _, _ in instances]),
        torch.tensor([[start, end] for _, start, end in instances], dtype=torch.float64),
    )


# --- without adaptation -----------------------------------------------------------------------------------------------


def test_segments_are_where_frames_look_like_the_video_s_class(make: Any) -> None:
    model = make(tuning=replace(TUNING, n_steps=0, window_frames=1))
    localization = model.localize([video_of(model, TWO_DANCES)], [class_text()])[0][0]
    assert found(localization) == [(2.0, 4.0, "dancing"), (6.0, 7.5, "dancing")]
    of_curve = make(tuning=model.tuning, segment_score="mean").localize([video_of(model, TWO_DANCES)], [class_text()])
    assert all(0.8 < d.segment.score <= 1 for d in of_curve[0][0].detections)
    assert all(0.25 < d.segment.score < 0.8 for d in localization.detections)  # the probability among four classes
    curve = localization.curves[0]
    assert NAMES[curve.label] == "dancing"
    assert curve.scores.shape == (100,)
    assert (curve.scores.min(), curve.scores.max()) == (0, 1)
    assert_close(curve.threshold, float(curve.scores.double().mean()))
    assert localization.n_steps == model.n_adaptations == 0


def test_any_score_of_a_segment_is_one_of_those_that_are_compared(make: Any) -> None:
    tuning = replace(TUNING, n_steps=0, window_frames=1)
    model = make(tuning=tuning, compares_segment_scores=True)
    video = video_of(model, TWO_DANCES)
    compared = model.localize([video], [class_text()])[0][0].detections
    assert [list(d.scores) for d in compared] == [list(get_args(SegmentScore))] * 2
    for score in get_args(SegmentScore):
        ranked = make(tuning=tuning, segment_score=score).localize([video], [class_text()])[0][0].detections
        assert [d.segment.score for d in ranked] == [d.scores[score] for d in compared], score
        assert [(d.label, d.scores) for d in ranked] == [(d.label, {}) for d in compared]
    assert [d.scores["length"] for d in compared] == pytest.approx([2.0, 1.5])
    with pytest.raises(
        ValueError, match="^segment_score 'log_oic' needs cosines of frames, .* got tuning.similarity 'dot'"
    ):
        make(tuning=replace(tuning, similarity="dot"), segment_score="log_oic")


@pytest.mark.parametrize("similarity", ["dot", "cosine"])
@pytest.mark.parametrize("background", ["video_mean", "none"])
def test_it_is_the_reference_without_adaptation(
    make: Any, background: Literal["video_mean", "none"], similarity: Literal["dot", "cosine"]
) -> None:
    settings = replace(TUNING, n_steps=0, window_frames=6, background=background, similarity=similarity)
    model = make(tuning=settings)
    video = video_of(model, TWO_DANCES, noise=0.3)
    localization = model.localize([video], [class_text()])[0][0]
    own = model.projections
    prompts = [model.text_features([f"a video of {name}"]) for name in NAMES]
    parts = (own.visual, own.text, own.text_bias)
    label = reference.pseudo_label(video.features, prompts, *parts)
    scores = reference.raw_scores(
        video.features, prompts[label], *parts, own.log_scale, background=background, similarity=similarity
    )
    regions = reference.segments(scores, 6)
    assert [(d.segment.first_frame, d.segment.last_frame) for d in localization.detections] == regions
    labels = reference.region_classes(video.features, regions, prompts, *parts)
    assert [d.label for d in localization.detections] == labels


def test_no_gap_is_bridged_by_default(make: Any) -> None:
    model = make(tuning=replace(TUNING, n_steps=0, window_frames=1))
    video = video_of(model, {(20, 30): "dancing", (31, 40): "dancing", (42, 50): "dancing"})
    assert len(found(model.localize([video], [class_text()])[0][0])) == 3
    bridging = make(tuning=model.tuning, proposals=RegionProposals(largest_gap_frames=1))
    assert found(bridging.localize([video], [class_text()])[0][0]) == [(2.0, 4.0, "dancing"), (4.2, 5.0, "dancing")]


@pytest.mark.parametrize("n_steps", [0, 6])
def test_a_video_of_one_frame_or_of_equal_frames_has_no_segments(make: Any, n_steps: int) -> None:
    model = make(tuning=replace(TUNING, n_steps=n_steps))
    one = video_of(model, {}, n_frames=1)
    still = video_of(model, {}, n_frames=50, noise=0.0)
    for localization in model.localize([one, still], [class_text()]):
        assert localization[0].detections == ()


def test_a_segment_is_named_after_its_nearest_class(make: Any) -> None:
    actions = {(10, 40): "dancing", (60, 70): "diving"}
    tuning = replace(TUNING, n_steps=0, window_frames=1)
    model = make(tuning=tuning)
    nearest = model.localize([video_of(model, actions)], [class_text()])[0][0]
    assert {(1.0, 4.0, "dancing"), (6.0, 7.0, "diving")} <= set(found(nearest))
    as_the_authors = make(tuning=tuning, region_class="pseudo_label")
    localization = as_the_authors.localize([video_of(model, actions)], [class_text()])[0][0]
    assert {d.label for d in localization.detections} == {localization.curves[0].label}
    assert [start for start, _, _ in found(localization)] == [start for start, _, _ in found(nearest)]


# --- with adaptation --------------------------------------------------------------------------------------------------


def state_of(model: T3AL) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def test_all_weights_are_bit_identical_after_a_video(make: Any) -> None:
    model = make()
    before = state_of(model)
    localization = model.localize([video_of(model, TWO_DANCES)], [class_text()])[0][0]
    assert localization.n_steps > 0
    after = model.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not any(p.requires_grad or p.grad is not None for p in model.parameters())


def test_adaptation_changes_the_scores(make: Any) -> None:
    model = make(tuning=replace(TUNING, learning_rate=1e-2))
    video = video_of(model, TWO_DANCES, noise=0.3)
    plain = make(tuning=replace(TUNING, n_steps=0))
    adapted, still = (m.localize([video], [class_text()])[0][0].curves[0].scores for m in (model, plain))
    assert (adapted - still).abs().max() > 0.01


def test_neither_the_order_of_videos_nor_their_batch_changes_anything(make: Any) -> None:
    model = make()
    videos = [
        video_of(model, TWO_DANCES, video_id="a", noise=0.3),
        video_of(model, {(5, 25): "diving"}, n_frames=60, video_id="b", noise=0.3, seed=1),
        video_of(model, {(30, 50): "chess"}, n_frames=210, video_id="c", noise=0.3, seed=2),
    ]
    together = model.localize(videos, [class_text()])
    backwards = [model.localize([video], [class_text()])[0] for video in reversed(videos)][::-1]
    for one, other in zip(together, backwards, strict=True):
        assert found(one[0]) == found(other[0])
        assert_close(one[0].curves[0].scores, other[0].curves[0].scores, atol=1e-5, rtol=1e-5)
        assert one[0].n_steps == other[0].n_steps


def test_the_same_run_gives_the_same_bits_and_another_seed_others(make: Any) -> None:
    model = make(tuning=replace(TUNING, n_steps=20, early_stop="none", patience_steps=None))
    video = video_of(model, TWO_DANCES, noise=0.3)
    scores = []
    for seed in (0, 0, 1):
        scores.append(model.localize([video], [class_text()], seed=seed)[0][0].curves[0].scores)
    assert torch.equal(scores[0], scores[1])
    assert not torch.equal(scores[0], scores[2])


def test_draws_of_classes_that_give_the_same_pseudo_label_share_the_adaptation(make: Any) -> None:
    model = make()
    texts = [class_text(("dancing", "chess")), class_text(("diving", "dancing")), class_text(("chess", "diving"))]
    videos = [
        replace(video_of(model, TWO_DANCES, video_id="a"), sets=(0, 1, 2)),
        replace(video_of(model, {(10, 60): "chess"}, video_id="b"), sets=(0, 1)),
    ]
    answers = model.localize(videos, texts)
    assert [sorted(of_video) for of_video in answers] == [[0, 1, 2], [0, 1]]
    # a: dancing (shared by two draws), and in the third what is nearest of the others. b: chess, and in the second draw
    # something else.
    assert model.n_adaptations == 4
    first, second = answers[0][0], answers[0][1]
    assert torch.equal(first.curves[0].scores, second.curves[0].scores)
    assert [texts[0].names[d.label] for d in first.detections] == [texts[1].names[d.label] for d in second.detections]
    assert first.curves[0].label == 0  # each in the numbering of its own draw
    assert second.curves[0].label == 1


def test_ten_draws_in_one_pass_are_ten_runs_of_one_draw(make: Any) -> None:
    model = make()
    texts = [class_text(("dancing", "chess")), class_text(("diving", "dancing")), class_text(("chess", "diving"))]
    video = video_of(model, TWO_DANCES, noise=0.3)
    at_once = model.localize([replace(video, sets=(0, 1, 2))], texts)[0]
    for index, text in enumerate(texts):
        alone = model.localize([video], [text])[0][0]
        assert [d.label for d in alone.detections] == [d.label for d in at_once[index].detections]
        assert_close(alone.curves[0].scores, at_once[index].curves[0].scores, atol=1e-5, rtol=1e-5)


# --- oracles ----------------------------------------------------------------------------------------------------------


def test_the_oracle_of_the_class_takes_what_is_annotated_for_longest(make: Any) -> None:
    model = make(oracles=Oracles(perfect_class=True), region_class="pseudo_label")
    video = video_of(model, TWO_DANCES, truths={0: truth(("chess", 1, 2), ("diving", 0, 1.5), ("chess", 5, 6))})
    curve = model.localize([video], [class_text()])[0][0].curves[0]
    assert NAMES[curve.label] == "chess"


def test_the_oracle_of_the_class_needs_annotations(make: Any) -> None:
    model = make(oracles=Oracles(perfect_class=True))
    with pytest.raises(ValueError, match="perfect_class needs annotations, but 'v' has none"):
        model.localize([video_of(model, TWO_DANCES)], [class_text()])


def test_the_oracle_of_the_count_keeps_the_segments_nearest_to_the_pseudo_label(make: Any) -> None:
    tuning = replace(TUNING, n_steps=0, window_frames=1)
    model = make(tuning=tuning, oracles=Oracles(region_count=True))
    video = video_of(model, {**TWO_DANCES, (5, 10): "diving"}, truths={0: truth(("dancing", 2, 4), ("chess", 6, 7))})
    localization = model.localize([video], [class_text()])[0][0]
    assert found(localization) == [(2.0, 4.0, "dancing"), (6.0, 7.5, "dancing")]
    all_of_them = make(tuning=tuning).localize([video], [class_text()])[0][0]
    assert len(localization.suppressed) == len(all_of_them.detections) - 2 > 0


def test_the_oracle_of_selection_looks_inside_the_annotated_instances_of_the_pseudo_label(make: Any) -> None:
    instances = truth(("dancing", 0, 1), ("chess", 5, 6))
    plain, oracle = make(), make(oracles=Oracles(selection=True))
    video = video_of(plain, TWO_DANCES, noise=0.3, truths={0: instances})
    unknown = replace(video, truths={0: truth(("chess", 5, 6))})
    curves = [
        model.localize([each], [class_text()])[0][0].curves[0].scores
        for model, each in ((plain, video), (oracle, video), (oracle, unknown))
    ]
    assert not torch.equal(curves[0], curves[1])
    assert torch.equal(curves[0], curves[2])  # the pseudo-label is not annotated: the method's own selection


# --- several pseudo-labels --------------------------------------------------------------------------------------------


def test_several_pseudo_labels_find_several_actions(make: Any) -> None:
    actions = {(10, 30): "dancing", (60, 80): "diving"}
    tuning = replace(TUNING, n_steps=0, window_frames=1)
    model = make(tuning=tuning, pseudo_labels=PseudoLabels(most=2, margin=2.0))
    localization = model.localize([video_of(model, actions)], [class_text()])[0][0]
    assert len(localization.curves) == 2
    assert {(1.0, 3.0, "dancing"), (6.0, 8.0, "diving")} <= set(found(localization))
    assert not {(1.0, 3.0, "diving"), (6.0, 8.0, "dancing")} & set(found(localization))  # each is named once
    narrow = make(tuning=tuning, pseudo_labels=PseudoLabels(most=4, margin=0.0))
    assert len(narrow.localize([video_of(model, actions)], [class_text()])[0][0].curves) == 1


# --- suppression ------------------------------------------------------------------------------------------------------


def with_captions(folder: Path, video_id: str, captions: dict[float, str]) -> None:
    texts = tuple(captions.values())
    times = torch.tensor(list(captions), dtype=torch.float64).numpy()
    write_captions(folder / f"{video_id}{SUFFIX}", VideoCaptions(times_seconds=times, texts=texts, source=None))


def test_a_segment_whose_captions_are_unlike_the_others_is_suppressed(make: Any, tmp_path: Path) -> None:
    tuning = replace(TUNING, n_steps=0, window_frames=1)
    suppression = TextGuidedSuppression(similarity=0.99)
    model = make(tuning=tuning, suppression=suppression)
    actions = {(first, first + 10): "dancing" for first in (10, 30, 50, 80)}
    with_captions(tmp_path, "v", {1.5: "people dance", 3.5: "people dance", 5.5: "people dance", 8.5: "a chess board"})
    video = video_of(model, actions, captions_folder=tmp_path)
    localization = model.localize([video], [class_text()])[0][0]
    assert found(localization) == [(1.0, 2.0, "dancing"), (3.0, 4.0, "dancing"), (5.0, 6.0, "dancing")]
    assert [d.segment.start_seconds for d in localization.suppressed] == [8.0]


def test_a_segment_is_kept_by_one_of_two_others_or_by_both(make: Any, tmp_path: Path) -> None:
    tuning = replace(TUNING, n_steps=0, window_frames=1)
    actions = {(first, first + 10): "dancing" for first in (10, 40, 70)}
    with_captions(tmp_path, "v", {1.5: "people dance", 4.5: "people dance", 7.5: "a chess board"})
    starts = []
    for votes in ("others", "all"):
        model = make(tuning=tuning, suppression=TextGuidedSuppression(similarity=0.99, votes=votes))
        video = video_of(model, actions, captions_folder=tmp_path)
        starts.append([start for start, _, _ in found(model.localize([video], [class_text()])[0][0])])
    assert starts == [[], [1.0, 4.0]]


def test_a_caption_longer_than_the_model_reads_is_cut(make: Any, tmp_path: Path) -> None:
    model = make(tuning=replace(TUNING, n_steps=0, window_frames=1), suppression=TextGuidedSuppression())
    actions = {(first, first + 10): "dancing" for first in (10, 40, 70)}
    with_captions(tmp_path, "v", {1.5: "a dance " * 40, 4.5: "a dance " * 40, 7.5: "a dance " * 40})
    video = video_of(model, actions, captions_folder=tmp_path)
    assert len(model.localize([video], [class_text()])[0][0].detections) == 3


def test_two_segments_are_kept_without_a_look_at_captions(make: Any, tmp_path: Path) -> None:
    model = make(tuning=replace(TUNING, n_steps=0, window_frames=1), suppression=TextGuidedSuppression())
    video = video_of(model, TWO_DANCES, captions_folder=tmp_path)  # there is no file
    assert len(model.localize([video], [class_text()])[0][0].detections) == 2


@pytest.mark.parametrize(
    ("seconds", "stride", "fits"),
    [(None, "1 frame", True), (None, "1.0 seconds", False), (1.0, "1.0 seconds", True), (2, "1 frame", False)],
)
def test_stored_captions_must_be_of_the_frames_that_the_paper_or_the_setting_asks_for(
    make: Any, tmp_path: Path, seconds: float | None, stride: str, fits: bool
) -> None:
    captions = VideoCaptions(torch.zeros(1).double().numpy(), ("a man",), caption_source(stride=stride))
    write_captions(tmp_path / f"v{SUFFIX}", captions)
    model = make(suppression=TextGuidedSuppression(seconds=seconds))
    source = {"videos": [SimpleNamespace(id="v", path=None)], "captions_folder": tmp_path, "features_folder": None}
    source |= {"stride": "1 frame", "geometry": "squash", "on_damage": "raise"}
    methods = dict.fromkeys(("tested_sets", "open_frames", "class_text"))
    trainer = SimpleNamespace(datamodule=SimpleNamespace(**source, **methods))
    model.trainer = trainer
    for start in (model.on_test_start, model.on_predict_start):
        with nullcontext() if fits else pytest.raises(CaptionFileError, match="set model.suppression.seconds to that"):
            start()


# --- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"iou_thresholds": (0.0,)}, "thresholds of IoU must be above 0"),
        (
            {"pseudo_labels": PseudoLabels(most=2, margin=0.1), "oracles": Oracles(perfect_class=True)},
            "perfect_class gives a video one class",
        ),
    ],
)
def test_settings_that_make_no_sense_are_refused(make: Any, wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(**wrong)


def test_a_class_s_embedding_is_what_the_model_itself_says(make: Any) -> None:
    model = make()
    tokens = model.backbone.tokenize(["a video of chess"])
    with torch.no_grad():
        expected = torch.nn.functional.normalize(model.backbone.encode_text(tokens), dim=-1)[0]
    assert_close(embedding_of(model, "chess"), expected, atol=1e-5, rtol=0)
