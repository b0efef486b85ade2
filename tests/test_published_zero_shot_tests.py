"""The zero-shot tests of BIKE, Open-VCLIP and TACO, leaf by leaf, are their authors', and rows run as tables say.

Sources: methods/bike.md, section 8; methods/open_vclip.md, section 7; methods/taco.md, Zero-shot test; DTS-TPT, Tables
1 to 3, 6, 7; AP-CLIP, Table 1.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.makers.configs.shipped import CONFIGS
from zsar.lightning_modules.command_line.reproduce.paper_tables import Row
from zsar.lightning_modules.command_line.reproduce.papers_file import read_papers
from zsar.lightning_modules.experiments.experiment_files import read_experiment

EXPERIMENT = CONFIGS / "experiment"
PAPERS = read_papers(CONFIGS / "papers.yaml")
ABSENT = "not stated"
SPLIT_OF_BIKE = {  # test videos and the spelling of names in BIKE's lists
    "ucf101": ("train_and_test", "exact"),
    "hmdb51": ("all", "clean"),  # "brush hair", where the data set writes brush_hair
    "activitynet": ("train_and_test", "exact"),
    "kinetics600": (ABSENT, "exact"),  # the test videos of a draw, which is the default
}
SCORES_OF_BIKE = {"zero_shot": ("concept_spotting", "video_head"), "frame_voting": ("frame_voting", "visual_tower")}
OPEN_VCLIP = [(kind, s) for kind in ("zero_shot", "action_prompts") for s in ("ucf101", "hmdb51", "kinetics600")]
ARCHITECTURE = "model.backbone.architecture"


def leaf(experiment: dict[str, Any], key: str) -> Any:
    """The value of a dotted key, without init_args."""
    found: Any = experiment
    for part in key.split("."):
        found = found.get("init_args", found).get(part, ABSENT) if found != ABSENT else ABSENT
    return found


def leaves(name: str, *keys: str) -> tuple[Any, ...]:
    """Values of a shipped experiment."""
    experiment = read_experiment(EXPERIMENT / f"{name}.yaml")
    return tuple(leaf(experiment, key) for key in keys)


@pytest.mark.parametrize("kind", SCORES_OF_BIKE)
@pytest.mark.parametrize("data_set", SPLIT_OF_BIKE)
def test_a_test_of_bike_is_its_authors(kind: str, data_set: str) -> None:
    name = f"bike_{kind}_{data_set}"
    scored = leaves(name, "model.scoring.scorer", "model.frame_source", "model.n_head_layers", ARCHITECTURE)
    assert scored == (*SCORES_OF_BIKE[kind], 6, "ViT-B-16-quickgelu")
    of_clips = ("n_frames", "sampling", "n_test_clips", "n_test_crops", "test_short_side_px")
    assert leaves(name, *(f"data.clips.{key}" for key in of_clips)) == (8, "left", 1, 1, ABSENT)  # 256 of 224
    tested = leaves(name, "data.split.test_videos", "data.text.names", "data.text.templates", "trainer.precision")
    assert tested == (*SPLIT_OF_BIKE[data_set], "This is a video about {}", "32-true")
    assert leaves(name, "data.text.descriptions")[0] in (None, ABSENT)
    of_k600 = leaves("bike_zero_shot_kinetics600", "data.split.classes")
    assert of_k600 == ("drawn_160",)


@pytest.mark.parametrize(("kind", "data_set"), OPEN_VCLIP)
def test_a_test_of_open_vclip_is_its_authors(kind: str, data_set: str) -> None:
    name = f"open_vclip_{kind}_{data_set}"
    of_clips = ("n_frames", "n_test_clips", "n_test_crops", "test_short_side_px", "sampling")
    sampling = "open_vclip_to_end" if data_set == "hmdb51" else "open_vclip"  # by decoder
    assert leaves(name, *(f"data.clips.{key}" for key in of_clips)) == (8, 3, 1, 224, sampling)
    videos = "validation" if data_set == "kinetics600" else ABSENT
    assert leaves(name, "data.split.test_videos", "trainer.precision", "model.tuned_share") == (videos, "32-true", 0.5)
    texts = leaves(name, "data.text.templates", "data.text.descriptions", "data.text.lead", "model.scoring.scorer")
    if kind == "zero_shot":
        assert (texts[0], texts[1] in (None, ABSENT), texts[3]) == ("open_vclip", True, "mean_frame_cosine")
    else:
        assert texts[2:] == ("a video of {}.", "late_interaction")
        assert str(texts[1]).removesuffix(".json").endswith(f"{data_set}_action_prompts")


@pytest.mark.parametrize("data_set", ["ucf101", "hmdb51", "kinetics600"])
def test_a_test_of_taco_is_its_authors_but_for_who_wrote_the_sentences(data_set: str) -> None:
    name = f"taco_zero_shot_{data_set}"
    of_clips = ("n_frames", "n_test_clips", "n_test_crops", "test_short_side_px", "sampling")
    assert leaves(name, *(f"data.clips.{key}" for key in of_clips)) == (8, 3, 1, 224, "left")
    assert leaves(name, "data.text.templates", "data.text.names", "data.split.test_videos", "trainer.precision") == (
        *("open_vclip", "described"),  # the 28 templates, with "Name: sentence"
        *(ABSENT, "32-true"),
    )
    scored = leaves(name, *(f"model.scoring.{key}" for key in ("scorer", "prompt_ensemble", "view_ensemble")))
    assert scored == ("mean_pooled_cosine", "embedding_sum", "logit_sum")
    assert leaves(name, "data.text.descriptions")[0].startswith(data_set)


@pytest.mark.parametrize("path", sorted(EXPERIMENT.glob("bike_*tpt_*.yaml")), ids=lambda path: path.stem)
def test_tuning_over_bike_is_that_over_clip_but_for_the_model_and_its_frames(path: Path) -> None:
    """Of ActivityNet, which the paper has on BIKE alone, the videos and halves are those of BIKE's authors."""
    ours, of_clip = read_experiment(path), read_experiment(EXPERIMENT / path.name.removeprefix("bike_"))
    model, data, plain = ours.pop("model"), ours.pop("data"), of_clip.pop("data")
    of_clip.pop("model")
    assert leaf({"model": model}, "model.scoring.scorer") == "mean_pooled_cosine"
    assert leaf({"model": model}, "model.frame_source") == "video_head"
    assert data["init_args"]["clips"].pop("sampling") == "left"
    if path.stem.endswith("activitynet"):
        chosen = data["init_args"].pop("split")
        assert chosen == {"classes": "halves", "half_draws": "numpy", "test_videos": "train_and_test"}
        assert plain["init_args"].pop("split") == {"classes": "halves"}
    assert data == plain
    assert {**ours, "run_dir": of_clip["run_dir"]} == of_clip


def rows_on(*words: str) -> list[tuple[str, Row]]:
    """Rows of the papers with steps that test one of these experiments, by the names of their tables."""
    rows = [(table.name, row) for table in PAPERS.tables for row in table.rows]
    return [(table, row) for table, row in rows if any(step.of.startswith(words) for step in row.steps)]


def test_every_row_on_these_methods_tests_what_its_own_fit_has_trained() -> None:
    rows = rows_on("bike_", "open_vclip_", "taco_zero_shot_")
    assert len(rows) > 25
    for table, row in rows:
        fit = next(step for step in row.steps if step.verb == "fit")
        is_large = fit.of.endswith("_vit_l_14")
        for step in (step for step in row.steps if step.verb == "test" and step.of != fit.of):
            where = f"{table}, {row.name}, {step.of}"
            assert (step.settings.get(ARCHITECTURE) == "ViT-L-14-quickgelu") == is_large, where
            if step.of.startswith("open_vclip"):
                assert step.checkpoint == "weight_mean", where
                assert step.settings.get("model.tuned_share") == (0.4 if is_large else None), where
            elif step.of.startswith("taco"):
                assert step.checkpoint == "weight_mean", where
            else:
                assert step.checkpoint == "last", where
        assert is_large == ("L/14" in row.name or row.name == "BIKE*" or table in LARGE), f"{table}, {row.name}"


LARGE = ("bike/zero-shot", "open_vclip/abstract")


def test_rows_of_dts_tpt_are_of_official_splits_published_draws_and_halves() -> None:
    for table, row in rows_on("bike_"):
        if not table.startswith("dts_tpt"):
            continue
        for step in (step for step in row.steps if step.verb == "test"):
            if step.of.endswith(("hmdb51", "ucf101")):
                assert step.vary == {"data.split.fold": (1, 2, 3)}
                assert "tpt" in step.of or step.settings["data.split.test_videos"] == "official"
            elif step.of.endswith("kinetics600"):
                assert [Path(name).stem for name in step.vary["with"]] == [
                    f"vifi_clip_kinetics600_{n}" for n in (1, 2, 3)
                ]
            else:
                assert "tpt" in step.of or step.settings["data.split.half_draws"] == "numpy"


def test_a_baseline_of_bike_has_both_scores_wherever_a_paper_does_not_tell_which() -> None:
    for table, row in rows_on("bike_zero_shot", "bike_frame_voting"):
        scores = {step.of.split("_")[1] for step in row.steps if step.verb == "test"}
        only_frames = (table, row.name) == ("bike/zero-shot", "half of the classes, ten draws")
        assert scores == ({"frame"} if only_frames else {"zero", "frame"}), f"{table}, {row.name}"
