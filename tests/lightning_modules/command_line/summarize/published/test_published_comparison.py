import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from tests.makers.results.recognition_results import (
    ZAR_VIEWS,
    adaptation,
    described,
    recognition_groups,
    recognition_of,
    record,
    write_result,
)
from zsar.lightning_modules.command_line.summarize.published.method_names import method_of
from zsar.lightning_modules.command_line.summarize.published.published_comparison import Comparison, compare
from zsar.lightning_modules.command_line.summarize.published.published_figures import (
    PublishedFigure,
    load_published_figures,
)
from zsar.lightning_modules.command_line.summarize.results.run_groups import RunGroup
from zsar.lightning_modules.command_line.summarize.summary_tables import text_notes

KINETICS = described("kinetics400")


def figure(**changes: Any) -> PublishedFigure:
    own: dict[str, Any] = {
        "method": "T2L",
        "paper": "T2L",
        "citation": "",
        "table": "Table 1",
        "architecture": "ViT-B-16",
        "trained_on": "kinetics400",
        "tested_on": "ucf101",
        "protocol": "zero_shot",
        "set": "top1",
        "value": 79.1,
        "n_frames": 8,
        "n_views": 1,
        "class_text": "description",
        "n_folds": 3,
        "prompts_per_class": 1,
        "scorer": "mean_pooled_cosine",
        "precision": "bf16-mixed",
        "start_from": "CLIP",
        "batch": 70,
        "epochs": 50,
    }
    return PublishedFigure(**{**own, **changes})


def row(tmp_path: Path, *, folds: int = 3, data: dict[str, Any] | None = None, **changes: Any) -> RunGroup:
    settings: dict[str, Any] = {"trained_on": KINETICS, **changes}
    figures = settings.pop("figures", {"test": 80.0})
    text = settings.get("text", "descriptions: ours.json")
    settings = {"training": record(text, training=True), "test": record(text), **settings}
    if settings["trained_on"] is None:
        settings["training"] = None
    folders = [
        write_result(
            tmp_path / "t2l" / f"fold{i}", figures, data=described("ucf101", **{"fold": i, **(data or {})}), **settings
        )
        for i in range(1, folds + 1)
    ]
    return recognition_groups([recognition_of(folder) for folder in folders])[0]


def only(group: RunGroup, *figures: PublishedFigure, everything: bool = False) -> Comparison:
    (comparison,) = compare(group, figures, everything=everything)
    return comparison


def test_a_run_made_like_the_published_one_is_the_same_protocol(tmp_path: Path) -> None:
    comparison = only(row(tmp_path), figure())
    assert (comparison.ours, comparison.same_method, comparison.match) == (80, True, "same")
    assert comparison.points == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("published", "changes", "expected"),
    [
        ({"n_frames": 32}, {}, "frames 8 / 32"),
        ({"n_views": 4}, {}, "views 1 / 4"),
        ({}, {"data": {"n_test_clips": 4, "n_test_crops": 3}}, "views 12 / 1"),
        ({"class_text": "template"}, {}, "class text description / template"),
        ({"class_text": "action_prompts"}, {"text": "action prompts: a.json"}, "same"),
        ({"class_text": "explanation"}, {"text": "templates: a {} and b"}, "class text template / explanation"),
        ({}, {"folds": 1}, "folds 1 / 3"),
        ({"trained_on": None}, {}, "trained on kinetics400 / nothing"),
        ({}, {"trained_on": described("video_folder")}, "trained on video_folder / kinetics400"),
        ({}, {"arguments": {"backbone": {"weights": "x/laion.pt"}}}, "weights laion.pt / openai"),
        ({}, {"data": {"n_excluded": 2}}, "videos left out 2 / 0"),
        ({}, {"arguments": {"tuned_share": 0.7}}, "share of the tuned weights 0.7 / 1.0"),
        ({"test_videos": "all"}, {}, "test videos official / all"),
        ({}, {"data": {"test_videos": "train_and_test"}}, "test videos train_and_test / official"),
        ({"n_frames": None, "n_folds": None}, {}, "not stated: frames, folds"),
        ({"n_frames": 16, "n_views": None}, {"folds": 1}, "frames 8 / 16; folds 1 / 3; not stated: views"),
    ],
)
def test_what_differs_is_said_ours_first(
    tmp_path: Path, published: dict[str, Any], changes: dict[str, Any], expected: str
) -> None:
    assert only(row(tmp_path, **changes), figure(**published)).match == expected


def test_undecodable_videos_that_count_as_wrong_are_a_difference(tmp_path: Path) -> None:
    counts = {"n_listed": 10, "n_evaluated": 8, "n_failed": 2}
    group = row(tmp_path, sets={"test": {"top1": 80.0, **counts}})
    assert only(group, figure()).match == "undecodable videos that count as wrong 2 / 0"
    assert text_notes([group]) == ["t2l: 2 of a run's videos could not be decoded and count as wrong"]


def test_a_converted_checkpoint_was_trained_on_what_is_not_recorded(tmp_path: Path) -> None:
    folder = write_result(tmp_path / "t2l", {"test": 80.0}, training=None, test=record())
    content = json.loads((folder / "results.json").read_text())
    content["model"]["checkpoint"] = "runs/t2l_authors/t2l.ckpt"
    (folder / "results.json").write_text(json.dumps(content))
    group = recognition_groups([recognition_of(folder)])[0]
    assert only(group, figure(n_folds=1)).match == "not recorded: trained on, training"
    assert only(row(tmp_path / "untrained", trained_on=None), figure()).match == "trained on nothing / kinetics400"


def test_base_to_novel_compares_sets_runs_shots_and_lists(tmp_path: Path) -> None:
    data = {"protocol": "base_to_novel", "fold": 1}
    figures = {"base": 90.0, "novel": 70.0}
    group = row(tmp_path, folds=1, data=data, figures=figures, trained_on=described("ucf101", shots=None))
    published = [
        figure(protocol="base_to_novel", trained_on="ucf101", shots=16, set=name, value=value)
        for name, value in (("base", 94.4), ("novel", 77.9), ("harmonic_mean", 85.4))
    ]
    found = compare(group, published)
    assert [round(c.points, 1) for c in found] == [-4.4, -7.9, round(2 * 90 * 70 / 160 - 85.4, 1)]
    assert {c.match for c in found} == {"shots all / 16; runs 1 / 3; split drawn / published lists"}
    listed = row(
        tmp_path / "listed",
        folds=1,
        data={**data, "lists": {"base": "b.txt", "novel": "n.txt"}},
        figures=figures,
        trained_on=described("ucf101", lists={"train": "fs_base_s1_train.txt"}, n_listed={"train": 32, "val": 0}),
    )
    assert only(listed, published[0]).match == "runs 1 / 3"


def test_top_5_is_compared_with_top_5(tmp_path: Path) -> None:
    published = figure(tested_on="kinetics400", protocol="fully_supervised", set="top5", value=96.8, n_folds=1)
    data = {"data_set": "kinetics400"}
    assert only(row(tmp_path, folds=1, data=data, top5=97.0), published).points == pytest.approx(0.2)
    assert compare(row(tmp_path / "without", folds=1, data=data), [published]) == []


def test_other_architectures_and_ablations_are_shown_on_demand(tmp_path: Path) -> None:
    group = row(tmp_path)
    published = [
        figure(method="ZAR", value=1),
        figure(method="AP-CLIP", value=2),
        figure(method="AP-CLIP", variant="without MAKA", value=3),
        figure(architecture="ViT-L-14", value=4),
        figure(variant="TTL without TFD", value=5),
        figure(class_text="template", value=6),
        figure(value=7),
    ]
    assert [c.figure.value for c in compare(group, published)] == [7, 6, 1, 2]
    assert [c.figure.value for c in compare(group, published, everything=True)] == [7, 4, 6, 5, 1, 2, 3]
    assert compare(group, published, everything=True)[1].match == "architecture ViT-B-16 / ViT-L-14"
    ablation = row(tmp_path / "ttl", arguments={"temporal_tokens": "all", "diversity_weight": 0.0})
    assert [c.figure.value for c in compare(ablation, published)] == [5, 6, 7, 1, 2]


def test_only_figures_of_the_data_set_and_protocol_are_compared(tmp_path: Path) -> None:
    published = [figure(tested_on="hmdb51"), figure(protocol="fully_supervised")]
    assert compare(row(tmp_path), published, everything=True) == []


def test_a_figure_that_several_papers_report_is_one_row_with_all_that_they_tell(tmp_path: Path) -> None:
    published = [
        figure(method="CLIP", trained_on=None, value=63.2, n_frames=None, n_views=None),
        figure(method="CLIP", trained_on=None, value=63.2, std=0.2, n_frames=None, n_views=1, paper="AP-CLIP"),
        figure(method="CLIP", trained_on=None, value=63.2, std=0.2, n_frames=32, paper="ZAR"),
        figure(method="CLIP", trained_on=None, value=63.2, std=0.9, n_frames=32, paper="another"),
    ]
    group = row(tmp_path, model="ZeroShotCLIP", trained_on=None)
    first, second = compare(group, published)
    assert first.sources == ("T2L Table 1", "AP-CLIP Table 1", "ZAR Table 1")
    assert (first.figure.std, first.figure.n_views, first.match) == (0.2, 1, "frames 8 / 32")
    assert second.sources == ("another Table 1",)


@pytest.mark.parametrize(
    ("arguments", "variant"),
    [
        ({"temporal_tokens": "all", "diversity_weight": 1.0}, None),
        ({"temporal_tokens": "all", "diversity_weight": 0.0}, "TTL without TFD"),
        ({"temporal_tokens": "none", "diversity_weight": 0.3}, "TFD without TTL"),
        ({"temporal_tokens": "none", "diversity_weight": 0}, "adapters only"),
        ({"temporal_tokens": "first", "diversity_weight": 1.0}, "TTL in the first layer only"),
        ({"temporal_tokens": [0], "diversity_weight": 1.0}, "TTL in the first layer only"),
        ({"temporal_tokens": True, "diversity_weight": 0.0}, "TTL without TFD"),  # of a result before `all`
        ({"temporal_tokens": False, "diversity_weight": 0}, "adapters only"),
        ({}, None),
        ({"temporal_tokens": "all"}, None),
    ],
)
def test_parts_left_out_of_t2l_are_the_papers_ablations(
    tmp_path: Path, arguments: dict[str, Any], variant: str | None
) -> None:
    group = row(tmp_path, folds=1, arguments=arguments)
    assert method_of(group.settings) == ("T2L", variant)
    ablations = {f.variant for f in load_published_figures() if f.source == "T2L Table 7"}
    assert variant is None or variant in ablations


@pytest.mark.parametrize(
    ("arguments", "variant"),
    [
        ({"temporal_tokens": [3, 7], "diversity_weight": 1.0}, "TTL in layers 3, 7"),
        ({"temporal_tokens": "first", "diversity_weight": 0.0}, "TTL in the first layer only, without TFD"),
        (
            {
                "temporal_tokens": "all",
                "diversity_weight": 1.0,
                "contrastive_loss": "in_batch",
                "unbiased_diversity": True,
            },
            "in-batch loss, unbiased TFD",
        ),
    ],
)
def test_other_layers_and_losses_of_t2l_have_names_of_no_published_figure(
    tmp_path: Path, arguments: dict[str, Any], variant: str
) -> None:
    assert method_of(row(tmp_path, folds=1, arguments=arguments).settings) == ("T2L", variant)
    assert variant not in {f.variant for f in load_published_figures()}


def test_frozen_clip_stands_beside_the_papers_clip(tmp_path: Path) -> None:
    group = row(tmp_path, model="ZeroShotCLIP", trained_on=None, text="templates: photo")
    found = [c for c in compare(group, load_published_figures()) if c.same_method]
    assert [(c.figure.value, c.sources) for c in found] == [
        (69.9, ("DTS-TPT Table 3",)),
        (63.2, ("T2L Table 1", "AP-CLIP Table 1", "ZAR Table 1")),
    ]
    assert [c.match for c in found] == [
        "not stated: prompts a class, scorer, precision",
        "frames 8 / 32; not stated: scorer, precision",
    ]


@pytest.mark.parametrize(("classes", "match"), [("all_new", "same"), ("drawn_160", "classes drawn_160 / all_new")])
def test_all_new_classes_of_kinetics_600_are_not_a_draw_of_them(tmp_path: Path, classes: str, match: str) -> None:
    data = described("kinetics600", classes=classes)
    group = row(tmp_path, data=data, folds=1)
    (comparison,) = compare(group, [figure(tested_on="kinetics600", classes="all_new", n_folds=1)])
    assert comparison.match == match
    of_papers = {(f.paper, f.method): f.classes for f in load_published_figures() if f.tested_on == "kinetics600"}
    assert (of_papers["T2L", "T2L"], of_papers["T2L", "ViFi-CLIP"], of_papers["ZAR", "CLIP"]) == (
        "all_new",
        "drawn_160",
        "drawn_160",
    )


AUGMIX_VIEWS = {
    "class_path": "zsar.datamodules.views.AugmentedViews",
    "init_args": {"n_views": 32, "crop": False, "flip": 0.0, "augmix": "per_frame", "severity": 1},
}


def dts_tpt(**changes: Any) -> dict[str, Any]:
    own: dict[str, Any] = {"phrase": "an action of", "consistency": "hybrid", "schedule": ["all", "right-6", "right-4"]}
    own |= {"texts": ["names", "class_text"], "confident_share": 0.2, "learning_rate": 0.001}
    return adaptation("DTS-TPT", **{**own, **changes})


def test_dts_tpt_stands_beside_its_figure_with_one_view_and_both_texts(tmp_path: Path) -> None:
    explained = {"model": "ZeroShotCLIP", "trained_on": None, "text": "explanations: ucf101_explanations"}
    group = row(tmp_path, data={"views": AUGMIX_VIEWS}, adapted=dts_tpt(), **explained)
    assert method_of(group.settings) == ("DTS-TPT", None)
    found = [c for c in compare(group, load_published_figures()) if c.same_method]
    assert [(c.figure.value, c.match) for c in found] == [(72.3, "not stated: prompts a class, precision")]


def test_names_count_as_a_template_and_an_ablation_finds_its_own_figure(tmp_path: Path) -> None:
    names = dts_tpt(texts=["names"], consistency="single", schedule=["all", "left-6"])
    frozen = {"model": "ZeroShotCLIP", "trained_on": None, "text": "templates: an action of {}."}
    group = row(tmp_path, data={"views": AUGMIX_VIEWS}, adapted=names, **frozen)
    (found,) = [c for c in compare(group, load_published_figures()) if c.same_method]
    assert (found.figure.value, found.sources) == (71.3, ("DTS-TPT Table 4",))
    assert found.match == "not stated: folds, prompts a class, precision"
    both = row(tmp_path / "both", data={"views": AUGMIX_VIEWS}, adapted=dts_tpt(), **frozen)
    assert only(both, figure(method="DTS-TPT", class_text="template+explanation", trained_on=None)).match == (
        "class text template / template+explanation"
    )


@pytest.mark.parametrize(
    ("model", "trained_on", "variant", "best"),
    [("ZeroShotCLIP", None, None, 64.1), ("FineTunedCLIP", KINETICS, None, 77.4), ("T2L", KINETICS, "on T2L", None)],
)
def test_zar_is_compared_by_what_its_model_was_trained_on(
    tmp_path: Path, model: str, trained_on: dict[str, Any] | None, variant: str | None, best: float | None
) -> None:
    group = row(tmp_path, model=model, trained_on=trained_on, data={"n_frames": 16}, adapted=adaptation("ZAR"))
    assert method_of(group.settings) == ("ZAR", variant)
    found = [c for c in compare(group, load_published_figures()) if c.same_method]
    assert [c.figure.value for c in found[:1]] == ([] if best is None else [best])
    assert all("trained on" in c.match for c in found[1:])


def test_a_mean_of_confident_views_is_not_one_view(tmp_path: Path) -> None:
    group = row(tmp_path, adapted=adaptation("confident views", prediction="confident_views"))
    assert only(group, figure(method="CLIP")).match == (
        "views the confident 0.8 / 1; class text template / description"
    )


def test_a_result_that_records_nothing_of_its_training_is_never_the_same(tmp_path: Path) -> None:
    old = row(tmp_path, training=None, test=None)
    assert only(old, figure()).match == "not recorded: prompts a class, scorer, precision, training"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"training": record("templates: photo", training=True, class_text__prompts_per_class=16)},
            "training class text template / description; training prompts a class 16 / 1; tested with another kind of "
            "class text than trained",
        ),
        ({"data": {"shift": "fog 3"}}, "shift fog 3 / all perturbations"),
        ({"training": record(training=True, start_from={"trained_on": "ssv2"})}, "started from ssv2 / CLIP"),
        ({"training": record(training=True, trainer__epochs_done=3.0)}, "epochs 3 of 50 / 50"),
        ({"training": record(training=True, trainer__accumulation=2)}, "batch 70 in 2 parts / 70"),
        (
            {"test": record(precision="32-true"), "training": record(training=True, precision="32-true")},
            "precision 32-true / bf16-mixed",
        ),
        ({"training": record(training=True, precision="32-true")}, "training precision 32-true / bf16-mixed"),
    ],
)
def test_recorded_settings_of_training_and_test_are_compared(
    tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    shift = {"shift": "all perturbations"} if "data" in changes else {}
    assert only(row(tmp_path, **changes), figure(**shift)).match == expected


def test_the_mean_of_all_perturbations_stands_beside_the_published_mean(tmp_path: Path) -> None:
    figures = {"clean": 60.0, "jpeg_1": 40.0, "fog_1": 30.0}
    conditions = {"jpeg_1": {}, "fog_1": {}}
    data = described("hmdb51_p", shift="all perturbations", conditions=conditions)
    training = {"training": record(training=True), "test": record(), "trained_on": KINETICS}
    folder = write_result(tmp_path / "p", figures, data=data, mean={"top1": 35.0}, robustness={}, **training)
    (group,) = recognition_groups([recognition_of(folder)])
    assert group.set_names == ("test",)
    first = next(c for c in compare(group, load_published_figures()) if c.same_method)
    assert (first.ours, first.figure.value, first.sources) == (35.0, 35.1, ("T2L Table 4",))
    assert "shift" not in first.match
    one = described("hmdb51_p", shift="jpeg 1")
    folder = write_result(tmp_path / "one", {"test": 40.0}, data=one, **training)
    (group,) = recognition_groups([recognition_of(folder)])
    first = next(c for c in compare(group, load_published_figures()) if c.same_method)
    assert "shift jpeg 1 / all perturbations" in first.match


def test_ap_clip_without_maka_or_after_kinetics_is_the_papers_variant(tmp_path: Path) -> None:
    text = "action prompts: ours.json"

    def ap_clip(name: str, **changes: Any) -> Comparison:
        own = {"class_text__prompts_per_class": 36, "scorer": "late_interaction", **changes}
        trained = record(text, training=True, **own)
        group = row(tmp_path / name, model="APCLIP", text=text, training=trained, test=record(text, **own))
        found = compare(group, load_published_figures())
        assert next(c for c in found if c.figure.variant is None and c.figure.method == "AP-CLIP").match != "same"
        return found[0]

    assert ap_clip("full").figure.value == 82.4
    assert ap_clip("fewer", class_text__prompts_per_class=12).match.startswith("views 1 / 4; prompts a class 12 / 36")
    assert ap_clip("pooled", scorer="mean_pooled_cosine").figure.variant == "without MAKA"
    start = {"trained_on": "kinetics400", "weights_hash": "a", "checkpoint": "best.ckpt"}
    trained = record(text, training=True, start_from=start)
    group = row(
        tmp_path / "k400", model="APCLIP", text=text, training=trained, test=record(text, scorer="late_interaction")
    )
    assert method_of(group.settings) == ("AP-CLIP", "pretrained on Kinetics-400")


@pytest.mark.parametrize(
    ("scorer", "text", "n_prompts", "variant", "value"),
    [
        ("mean_pooled_cosine", "templates: open_vclip", 28, "without MAKA, Open-VCLIP's set of templates", 79.1),
        ("mean_pooled_cosine", "templates: photo", 1, "without MAKA, one prompt a class", None),
        ("mean_pooled_cosine", "customized texts: a.json", 30, "without MAKA, customized prompts", 78.8),
        ("late_interaction", "customized texts: a.json", 30, "customized prompts", 79.9),
        ("mean_pooled_cosine", "direct texts: a.json after 'x'", 1, "without MAKA, prompts asked for directly", 77.9),
        ("late_interaction", "action prompts: a.json (Scene, Actor) after 'x'", 24, "without body attributes", None),
        ("late_interaction", "action prompts: a.json after 'x'", 36, None, 82.4),
    ],
)
def test_ap_clip_with_another_text_is_the_row_of_that_text(
    tmp_path: Path, scorer: str, text: str, n_prompts: int, variant: str | None, value: float | None
) -> None:
    own = {"class_text__prompts_per_class": n_prompts, "scorer": scorer}
    trained = record(text, training=True, **own)
    group = row(tmp_path, model="APCLIP", text=text, training=trained, test=record(text, **own))
    assert method_of(group.settings) == ("AP-CLIP", variant)
    same = [c.figure.value for c in compare(group, load_published_figures()) if c.same_method]
    assert same == ([] if value is None else [value])


def test_vifi_clips_frames_are_compared_with_its_authors(tmp_path: Path) -> None:
    def match(**changes: Any) -> str:
        group = row(tmp_path / str(changes), model="FineTunedCLIP", test=record("templates: photo", **changes))
        return next(c for c in compare(group, load_published_figures()) if c.figure.value == 76.8).match

    own = match()
    assert "frame statistics model / imagenet" in own
    assert "middle frames t2l / mmaction" in own
    theirs = match(frame_statistics="imagenet", sampling="mmaction")
    assert "frame statistics" not in theirs
    assert "middle frames" not in theirs
    assert "geometry" not in own + theirs  # CLIP's, as in all papers
    assert "resize filter" not in own + theirs
    squashed = match(geometry="squash", resize_filter="bilinear")
    assert "geometry squash / crop; resize filter bilinear / bicubic" in squashed


# What a figure is of, and not how it was made; the rest are settings, and a further field is one by being there.
NO_SETTINGS = {"method", "paper", "citation", "table", "tested_on", "protocol", "set", "value", "std", "shots", "split"}
NO_SETTINGS |= {"variant", "note"}


@pytest.mark.parametrize("name", [each.name for each in fields(PublishedFigure) if each.name not in NO_SETTINGS])
def test_a_figure_that_differs_in_one_setting_alone_is_never_the_same(tmp_path: Path, name: str) -> None:
    group = row(tmp_path)
    assert only(group, figure()).match == "same"
    other = replace(figure(), **{name: 7 if isinstance(getattr(figure(), name), int) else "other"})
    (comparison,) = compare(group, [other], everything=True)
    assert comparison.differences
    rarely_told = ("shift", "classes", "test_videos", "frame_statistics", "sampling", "n_tuning_frames")
    rarely_told += ("training_text", "training_prompts")
    if name not in ("trained_on", *rarely_told):  # nothing for no training, and what is usual
        (comparison,) = compare(group, [replace(figure(), **{name: None})], everything=True)
        assert comparison.match.startswith("not stated: ")


def test_zar_on_base_and_novel_classes_tunes_on_8_frames_and_predicts_on_16(tmp_path: Path) -> None:
    figures = {"base": 75.2, "novel": 55.2}
    own = {"trained_on": described("hmdb51"), "adapted": adaptation("ZAR"), "model": "FineTunedCLIP"}

    def match(name: str, n_frames: int, tuned_on: int | None) -> str:
        arguments: Any = ZAR_VIEWS["init_args"]
        views = {**ZAR_VIEWS, "init_args": {**arguments, "n_frames": tuned_on}}
        data = described("hmdb51", protocol="base_to_novel", n_frames=n_frames, views=views)
        (group,) = recognition_groups([recognition_of(write_result(tmp_path / name, figures, data=data, **own))])
        found = compare(group, load_published_figures())
        assert (found[0].figure.source, found[0].same_method) == ("ZAR Table 2", True)
        return found[0].match

    assert "frames" not in match("as published", 16, 8)
    assert "frames to tune on 16 / 8" in match("as long as the test view", 16, None)
    assert match("both short", 8, None).startswith("frames 8 / 16")


@pytest.mark.parametrize(
    ("drawn", "published", "match"),
    [
        ("hashed", "halves", "same"),  # the paper does not tell how
        ("numpy", "halves", "same"),
        ("numpy", "halves by numpy", "same"),
        ("hashed", "halves by numpy", "classes halves / halves by numpy"),
        ("numpy", None, "classes halves by numpy / all"),
    ],
)
def test_halves_are_compared_with_how_a_paper_draws_them(
    tmp_path: Path, drawn: str, published: str | None, match: str
) -> None:
    data = {"classes": "halves", "half_draws": drawn}
    halves = {"half_0": 79.0, "half_1": 81.0}
    group = row(tmp_path, folds=1, data=data, figures=halves, mean={"top1": 80.0}, std={"top1": 2**0.5})
    assert only(group, figure(classes=published, n_folds=2)).match == match


@pytest.mark.parametrize(
    ("scorer", "source", "method", "value"),
    [
        ("concept_spotting", "video_head", ("BIKE", None), 77.4),
        ("frame_voting", "visual_tower", ("BIKE", "frame voting"), None),
    ],
)
def test_the_two_scores_of_bike_have_their_own_names_and_figures(
    tmp_path: Path, scorer: str, source: str, method: tuple[str, str | None], value: float | None
) -> None:
    """DTS-TPT's baseline, ViT-B/16; that of votes is published for ViT-L/14 alone."""
    text, arguments = "templates: This is a video about {}", {"frame_source": source, "scoring": {"scorer": scorer}}
    recorded = record(text, scorer=scorer)
    group = row(tmp_path, model="BIKE", text=text, arguments=arguments, test=recorded)
    assert method_of(group.settings) == method
    same = [c.figure.value for c in compare(group, load_published_figures()) if c.same_method]
    assert same == ([] if value is None else [value])


def test_half_and_half_with_clip_is_open_vclip_as_published_and_all_of_the_tuned_weights_is_not(tmp_path: Path) -> None:
    def shares(share: float) -> str:
        arguments = {"tuned_share": share, "scoring": {"scorer": "mean_frame_cosine"}}
        test = record("templates: open_vclip", scorer="mean_frame_cosine")
        group = row(
            tmp_path / str(share), model="OpenVCLIP", text="templates: open_vclip", arguments=arguments, test=test
        )
        found = next(c for c in compare(group, load_published_figures()) if c.figure.value == 83.4)
        assert found.same_method
        return found.match

    assert "share of the tuned weights" not in shares(0.5)
    assert "share of the tuned weights 1.0 / 0.5" in shares(1.0)


def test_taco_is_published_with_a_template_in_training_and_sentences_in_tests(tmp_path: Path) -> None:
    test = record("descriptions: ours.json after the name, in templates: open_vclip", class_text__prompts_per_class=28)

    def match(trained_with: str) -> str:
        training = record(trained_with, training=True, model={"structure": {"weight": 0.4}})
        group = row(tmp_path / trained_with, model="TACO", training=training, test=test)
        found = next(c for c in compare(group, load_published_figures()) if c.figure.value == 85.6)
        assert found.same_method
        return found.match

    as_published = match("templates: This is a video about {}")
    assert "class text" not in as_published
    assert "prompts a class" not in as_published
    assert "training class text description / template" in match("descriptions: ours.json")
