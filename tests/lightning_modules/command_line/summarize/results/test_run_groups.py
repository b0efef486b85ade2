import json
from pathlib import Path
from typing import Any

import pytest

from tests.makers.results.localization_results import localization_groups, write_localization
from tests.makers.results.recognition_results import (
    ZAR_VIEWS,
    adaptation,
    described,
    recognition_groups,
    recognition_of,
    record,
    write_result,
)
from zsar.lightning_modules.command_line.summarize.results.group_by import GroupBy
from zsar.lightning_modules.command_line.summarize.results.run_groups import (
    LocalizationGroup,
    RunGroup,
    group_runs,
    read_run,
)


def result(folder: Path, top1: float = 50.0, *, seed: int = 0, fold: int = 1, **changes: Any) -> Path:
    data = described("ucf101", **{"fold": fold, **changes.pop("data", {})})
    return write_result(folder, {"test": top1}, seed=seed, data=data, **changes)


def groups(*folders: Path, by: GroupBy = "folder") -> list[RunGroup]:
    return recognition_groups([recognition_of(folder) for folder in folders], by)


def sizes(*folders: Path, by: GroupBy = "folder") -> dict[str, int]:
    return {group.name: len(group.runs) for group in groups(*folders, by=by)}


def test_mean_and_sample_deviation_are_over_the_runs_of_a_row(tmp_path: Path) -> None:
    (row,) = groups(*[result(tmp_path / "t2l" / f"seed{i}", top1, seed=i) for i, top1 in enumerate((90, 94, 98))])
    assert (row.mean("test"), row.std("test"), str(row.figure("test"))) == (94, 4, "94.0 ± 4.0")
    (single,) = groups(tmp_path / "t2l" / "seed0")
    assert (single.std("test"), str(single.figure("test"))) == (None, "90.0")


def test_seeds_splits_and_folds_of_a_folder_are_one_row(tmp_path: Path) -> None:
    t2l = [
        result(tmp_path / "t2l" / "seed0"),
        result(tmp_path / "t2l" / "split2", fold=2),
        result(tmp_path / "t2l" / "fold-3" / "seed_1", fold=3, seed=1),
    ]
    other = result(tmp_path / "seeded")
    assert sizes(*t2l, other) == {"t2l": 3, "seeded": 1}
    assert groups(*t2l)[0].n_folds == 3


def test_runs_that_differ_in_their_cost_alone_are_one_row(tmp_path: Path) -> None:
    """Seconds, memory and the count of operations are of the machine and the version, not of the method."""
    costs = [{"seconds": 1.5, "peak_device_mb": None}, {"seconds": 90.0, "peak_device_mb": 4e3, "gflops_per_view": 281}]
    folders = []
    for seed, cost in enumerate(costs):
        folder = result(tmp_path / "t2l" / f"seed{seed}", seed=seed)
        content = json.loads((folder / "results.json").read_text())
        (folder / "results.json").write_text(json.dumps({**content, "cost": cost}))
        folders.append(folder)
    for by in ("folder", "settings"):
        (row,) = groups(*folders, by=by)
        assert len(row.runs) == 2


def test_folders_of_one_name_are_two_rows_that_can_be_told_apart(tmp_path: Path) -> None:
    a, b = result(tmp_path / "a" / "t2l" / "seed0"), result(tmp_path / "b" / "t2l" / "seed1", seed=1)
    assert sizes(a, b, result(tmp_path / "clip")) == {"a/t2l": 1, "b/t2l": 1, "clip": 1}


def test_by_settings_runs_are_one_row_wherever_they_lie(tmp_path: Path) -> None:
    same = [result(tmp_path / name, seed=i) for i, name in enumerate(("monday", "tuesday"))]
    other = result(tmp_path / "wednesday", data={"n_frames": 16})
    assert sizes(*same, other, by="settings") == {
        "T2L ucf101 zero_shot, n_frames 8": 2,
        "T2L ucf101 zero_shot, n_frames 16": 1,
    }
    assert sizes(*same, other) == {"monday": 1, "tuesday": 1, "wednesday": 1}


def test_by_settings_rows_of_different_data_sets_need_no_more_than_that_for_a_name(tmp_path: Path) -> None:
    a, b = result(tmp_path / "a"), write_result(tmp_path / "b", {"test": 1}, data=described("hmdb51", n_frames=16))
    assert list(sizes(a, b, by="settings")) == ["T2L ucf101 zero_shot", "T2L hmdb51 zero_shot"]


def test_by_settings_a_part_left_out_of_the_model_makes_another_row(tmp_path: Path) -> None:
    full = result(tmp_path / "a", arguments={"temporal_tokens": "all", "drop_rate": 0.1})
    without = result(tmp_path / "b", arguments={"temporal_tokens": "none", "drop_rate": 0.2}, seed=1)
    assert list(sizes(full, without, by="settings")) == [
        "T2L ucf101 zero_shot, model.temporal_tokens all",
        "T2L ucf101 zero_shot, model.temporal_tokens none",
    ]


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"data": {"n_frames": 16}}, r"n_frames \(16 / 8\)"),
        ({"data": {"n_test_crops": 3}}, r"n_test_crops \(3 / 1\)"),
        ({"data": {"shift": "fog 3"}}, r"shift \(fog 3 / \)"),
        ({"data": {"shifts": {"noise": 0.3}}}, r"shift \({'noise': 0.3} / \)"),
        ({"data": {"data_set": "hmdb51"}}, r"data_set \(hmdb51 / ucf101\)"),
        ({"data": {"protocol": "base_to_novel"}}, r"protocol \(base_to_novel / zero_shot\)"),
        ({"trained_on": described("kinetics400")}, r"trained_on \(kinetics400 / None\)"),
        ({"architecture": "ViT-L-14"}, r"architecture \(ViT-L-14 / ViT-B-16-quickgelu\)"),
        (
            {"model": "ZeroShotCLIP"},
            r"model \(zsar.lightning_modules.clip.ZeroShotCLIP / zsar.lightning_modules.t2l.T2L\)",
        ),
        ({"arguments": {"drop_rate": 0.2}}, r"model.drop_rate \(0.2 / None\)"),
        ({"text": "templates: name"}, r"class_text \(templates: name / descriptions: ours.json\)"),
        ({"text_hash": "newer"}, r"class text of test \(newer test / text test\)"),
        ({"data": {"split_hash": "other"}}, r"videos \(other / videos\)"),
        ({"adapted": adaptation("ZAR")}, r".*adaptation.method \(ZAR / None\).*"),
    ],
)
def test_runs_of_a_row_that_differ_in_more_than_the_seed_are_refused(
    tmp_path: Path, changes: dict[str, Any], difference: str
) -> None:
    first, second = result(tmp_path / "t2l" / "seed0"), result(tmp_path / "t2l" / "seed1", seed=1, **changes)
    with pytest.raises(
        ValueError, match=rf"t2l: \S*seed1 differs from \S*seed0 in {difference}; .* seed and fold only"
    ):
        groups(first, second)


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"adapted": adaptation("ZAR", confident_share=0.1)}, r"adaptation.confident_share \(0.1 / 0.8\)"),
        ({"adapted": adaptation("ZAR", schedule=["all"] * 2)}, r"adaptation.schedule \(all, all / all\)"),
        (
            {"data": {"views": {**ZAR_VIEWS, "init_args": {**ZAR_VIEWS["init_args"], "n_crops": 1}}}},
            r"adaptation.views.n_crops \(1 / 3\)",
        ),
    ],
)
def test_runs_of_a_row_that_were_adapted_otherwise_are_refused(
    tmp_path: Path, changes: dict[str, Any], difference: str
) -> None:
    zar = {"adapted": adaptation("ZAR")}
    first, second = (
        result(tmp_path / "zar" / "seed0", **zar),
        result(tmp_path / "zar" / "seed1", seed=1, **zar | changes),
    )
    with pytest.raises(ValueError, match=rf"seed1 differs from \S*seed0 in {difference}; "):
        groups(first, second)


def test_by_settings_an_adapted_run_is_a_row_of_its_own(tmp_path: Path) -> None:
    runs = [
        result(tmp_path / "plain", text="names"),
        result(tmp_path / "zar", adapted=adaptation("ZAR")),
        result(tmp_path / "mine", adapted=adaptation("mine")),
    ]
    assert list(sizes(*runs, by="settings")) == [
        "T2L ucf101 zero_shot, adaptation.method None",
        "T2L ucf101 zero_shot, adaptation.method ZAR",
        "T2L ucf101 zero_shot, adaptation.method mine",
    ]


def test_seeds_may_have_a_backbone_each(tmp_path: Path) -> None:
    runs = [
        result(tmp_path / "t2l" / f"seed{i}", seed=i, arguments={"backbone": {"weights": f"seed{i}.pt"}})
        for i in range(2)
    ]
    assert sizes(*runs) == {"t2l": 2}


def test_folds_may_have_classes_and_videos_of_their_own(tmp_path: Path) -> None:
    runs = [
        result(tmp_path / "k600" / f"fold{i}", fold=i, text_hash=str(i), data={"split_hash": str(i)}) for i in (1, 2)
    ]
    assert sizes(*runs) == {"k600": 2}
    drawn = [
        result(tmp_path / "drawn" / f"split{i}", text_hash=str(i), data={"split_hash": str(i), "split_seed": i})
        for i in (1, 2)
    ]
    assert sizes(*drawn) == {"drawn": 2}


def test_training_lists_may_differ_with_the_seed_left_alone(tmp_path: Path) -> None:
    lists = [f"fs_base_s{i}" for i in (1, 2, 3)]
    trained = [described("ucf101", split_hash=name, lists={"train": f"{name}.txt"}) for name in lists]
    assert sizes(*[result(tmp_path / "t2l" / f"split{i}", trained_on=own) for i, own in enumerate(trained)]) == {
        "t2l": 3
    }


def test_runs_that_were_trained_on_other_videos_of_one_draw_are_refused(tmp_path: Path) -> None:
    trained = [described("ucf101", split_hash=videos) for videos in ("all", "fewer")]
    first, second = (result(tmp_path / "t2l" / f"seed{i}", seed=i, trained_on=own) for i, own in enumerate(trained))
    with pytest.raises(ValueError, match=r"seed1 differs from \S*seed0 in training videos \(fewer / all\)"):
        groups(first, second)


@pytest.mark.parametrize("other", ["last.ckpt", "epoch=3.ckpt", "untrained weights"])
def test_runs_of_another_kind_of_checkpoint_are_refused(tmp_path: Path, other: str) -> None:
    paths = ("a/checkpoints/best.ckpt", f"a/checkpoints/{other}" if other.endswith(".ckpt") else other)
    folders = []
    for i, path in enumerate(paths):
        folders.append(result(tmp_path / "t2l" / f"seed{i}", seed=i, trained_on=described("ucf101")))
        content = json.loads((folders[-1] / "results.json").read_text())
        content["model"]["checkpoint"] = path
        (folders[-1] / "results.json").write_text(json.dumps(content))
    with pytest.raises(
        ValueError, match=r"seed1 differs from \S*seed0 in checkpoint \((last|another file|untrained w.*) "
    ):
        groups(*folders)


def test_test_lists_count_as_folds(tmp_path: Path) -> None:
    runs = [
        result(
            tmp_path / "k600" / f"split{i}",
            text_hash=str(i),
            data={"lists": {"test": f"{i}.txt"}, "split_hash": str(i)},
        )
        for i in (1, 2, 3)
    ]
    assert groups(*runs)[0].n_folds == 3


def test_seeds_of_a_later_fold_are_compared_among_themselves(tmp_path: Path) -> None:
    runs = [
        result(tmp_path / "t2l" / "fold1"),
        result(tmp_path / "t2l" / "fold2" / "seed0", fold=2, text_hash="a"),
        result(tmp_path / "t2l" / "fold2" / "seed1", fold=2, text_hash="b", seed=1),
    ]
    with pytest.raises(ValueError, match=r"fold2/seed1 differs from \S*fold2/seed0 in class text of test \(b test / a"):
        groups(*runs)


@pytest.mark.parametrize("by", ["folder", "settings"])
def test_one_result_is_not_counted_twice(tmp_path: Path, by: GroupBy) -> None:
    first, copied = result(tmp_path / "t2l" / "seed0", seed=3), result(tmp_path / "t2l" / "seed1", seed=3)
    with pytest.raises(
        ValueError, match=r"seed0 and \S*seed1 are the same result twice \(seed 3, split seed 0, fold 1, the"
    ):
        groups(first, copied, by=by)


def test_a_result_of_before_and_one_of_today_are_one_row(tmp_path: Path) -> None:
    before = result(tmp_path / "ap_clip" / "seed0", model="APCLIP", arguments={"scorer": "late_interaction"})
    path = before / "results.json"
    path.write_text(path.read_text().replace("zsar.lightning_modules.ap_clip.", "lightning_modules.ap_clip."))
    assert '"lightning_modules.ap_clip.APCLIP"' in path.read_text()
    today = result(
        tmp_path / "ap_clip" / "seed1", seed=1, model="APCLIP", arguments={"scoring": {"scorer": "late_interaction"}}
    )
    assert sizes(before, today) == {"ap_clip": 2}
    assert sizes(before, today, by="settings") == {"APCLIP ucf101 zero_shot": 2}


# --- runs of several tasks --------------------------------------------------------------------------------------------


def of_any_task(*folders: Path, by: GroupBy = "folder") -> tuple[list[str], list[str]]:
    """Names of the rows of recognition and of localization."""
    rows = group_runs([read_run(folder) for folder in folders], by)
    recognized = [row.name for row in rows if isinstance(row, RunGroup)]
    assert all(isinstance(row, LocalizationGroup) for row in rows[len(recognized) :])
    return recognized, [row.name for row in rows[len(recognized) :]]


def test_runs_of_both_tasks_are_rows_whose_names_are_unique_among_all(tmp_path: Path) -> None:
    folders = [result(tmp_path / "a" / "run"), write_localization(tmp_path / "b" / "run"), result(tmp_path / "c")]
    assert of_any_task(*folders) == (["a/run", "c"], ["b/run"])
    expected = ["T2L ucf101 zero_shot"], ["T3AL thumos14_untrimmed localization 50_50"]
    assert of_any_task(*folders[:2], by="settings") == expected


def test_seeds_and_draws_of_a_localizer_are_one_row_with_a_mean_of_its_adaptations(tmp_path: Path) -> None:
    folders = [
        write_localization(tmp_path / "t3al" / f"split{number}", 20.0 + number, number=number, n_adaptations=8 + number)
        for number in (0, 1)
    ]
    (row,) = localization_groups(*folders)
    assert (str(row.figure("map_0.3")), row.n_adaptations, row.n_folds) == ("20.5 ± 0.7", 8.5, 2)
    assert (row.set_names, row.settings.n_sets) == (("map_0.3", "map_0.5", "map"), 1)


def test_localizers_of_other_settings_are_no_row(tmp_path: Path) -> None:
    folders = [
        write_localization(tmp_path / "t3al" / f"seed{seed}", seed=seed, arguments={"tuning": {"n_steps": 60 * seed}})
        for seed in (0, 1)
    ]
    with pytest.raises(ValueError, match=r"t3al: .*seed1 differs from .*seed0 in model\.tuning\.n_steps \(60 / 0\)"):
        of_any_task(*folders)
    expected = [f"T3AL thumos14_untrimmed localization 50_50, model.tuning.n_steps {n}" for n in (0, 60)]
    assert of_any_task(*folders, by="settings") == ([], expected)


def test_the_same_localization_twice_is_refused_but_not_that_of_another_backbone(tmp_path: Path) -> None:
    folders = [write_localization(tmp_path / "t3al" / f"seed{i}", backbone=f"b{i}") for i in (0, 1)]
    assert of_any_task(*folders) == ([], ["t3al"])
    twin = write_localization(tmp_path / "t3al" / "seed2", backbone="b1")
    with pytest.raises(ValueError, match="seed1 and .*seed2 are the same result twice .* the same backbone"):
        of_any_task(*folders, twin)


def test_a_row_of_both_tasks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"run: .*seed1 and .*seed0 are results of recognition and of localization"):
        of_any_task(result(tmp_path / "run" / "seed0"), write_localization(tmp_path / "run" / "seed1"))


# --- what is recorded of training and test ----------------------------------------------------------------------------

MAY_DIFFER = {"seed", "trainer.epochs_done", "start_from.checkpoint", "class_text.n_classes", "versions.zsar"}


def test_results_of_before_and_of_now_are_of_one_row(tmp_path: Path) -> None:
    scoring = {"scorer": "late_interaction", "prompt_ensemble": "embedding"}
    now = {"backbone": {"weights": "a.pt"}, "scoring": scoring, "n_frames": 8}
    before = {"weights": "a.pt", "n_frames": 8, "gradient_checkpointing": True, **scoring}
    configs = [{"model": {"init_args": arguments}} for arguments in (now, before)]
    runs = [result(tmp_path / f"seed{i}", seed=i, config=config) for i, config in enumerate(configs)]
    (group,) = group_runs([read_run(run) for run in runs], by="settings")
    assert {run.weights for run in group.runs} == {"a.pt"}


START = {"checkpoint": "best.ckpt", "weights_hash": "a", "trained_on": "kinetics400"}


def recorded(*, training: bool, **changes: Any) -> dict[str, Any]:
    return record(training=training, **{**({"start_from": START} if training else {}), **changes})


def leaves(*, training: bool) -> list[str]:
    """Dotted names of all that a record has; of the class text of a set without the set."""
    own = recorded(training=training)
    (text,) = own.pop("class_text").values()
    nested = {"class_text": text, **{key: value for key, value in own.items() if isinstance(value, dict)}}
    assert {"model", "clips"} <= set(nested) or not training
    return [f"{key}.{inner}" for key, of in nested.items() for inner in of] + [key for key in own if key not in nested]


# Of another type a result is refused before it is compared.
NUMBERS = {"trainer.epochs_done", "n_frames", "n_test_clips", "n_test_crops"}


@pytest.mark.parametrize(
    ("side", "name"),
    [(side, name) for side in ("training", "test") for name in leaves(training=side == "training")],
)
def test_runs_of_a_row_that_differ_in_one_recorded_setting_alone_are_refused(
    tmp_path: Path, side: str, name: str
) -> None:
    like = {"training": recorded(training=True), "test": recorded(training=False), "trained_on": described("ucf101")}
    other: Any = 977 if name in NUMBERS else "another"
    changed = recorded(training=side == "training", **{name.replace(".", "__"): other})
    text = {"text_hash": "another"} if (side, name) == ("test", "class_text.hash") else {}
    data = {name: other} if side == "test" and name in ("shift", "n_frames", "n_test_clips", "n_test_crops") else {}
    if (side, name) == ("test", "class_text.source"):
        text = {"text": "another"}
    first = result(tmp_path / "t2l" / "seed0", **like)
    second = result(tmp_path / "t2l" / "seed1", seed=1, data=data, **text, **{**like, side: changed})
    if name in MAY_DIFFER:
        assert sizes(first, second) == {"t2l": 2}
    else:
        with pytest.raises(ValueError, match=rf"seed1 differs from \S*seed0 in .*{other}.* seed and fold only"):
            groups(first, second)


def test_what_an_older_result_does_not_record_is_said_so(tmp_path: Path) -> None:
    new = {"training": recorded(training=True), "test": recorded(training=False)}
    first, second = result(tmp_path / "t2l" / "seed0", **new), result(tmp_path / "t2l" / "seed1", seed=1)
    with pytest.raises(ValueError, match=r"training.precision \(not recorded / bf16-mixed\)"):
        groups(first, second)


def test_a_run_on_draws_of_classes_has_their_deviation_and_several_runs_have_their_own(tmp_path: Path) -> None:
    def drawn(name: str, top1: tuple[float, float], seed: int) -> Path:
        mean, std = sum(top1) / 2, abs(top1[0] - top1[1]) / 2**0.5
        of_draws = {"mean": {"top1": mean}, "std": {"top1": std}}
        data = described("activitynet", classes="halves")
        figures = {"half_0": top1[0], "half_1": top1[1]}
        return write_result(tmp_path / name, figures, data=data, seed=seed, **of_draws)

    folders = [drawn("t/seed0", (70.0, 76.0), 0), drawn("t/seed1", (72.0, 76.0), 1)]
    (single,) = groups(folders[0])
    assert (single.set_names, single.n_folds, str(single.figure("test"))) == (("test",), 2, "73.0 ± 4.2")
    (both,) = groups(*folders)
    assert str(both.figure("test")) == "73.5 ± 0.7"


def test_halves_and_all_classes_are_not_one_row(tmp_path: Path) -> None:
    figures = {"half_0": 70.0, "half_1": 76.0}
    of_draws = {"mean": {"top1": 73.0}, "std": {"top1": 4.243}}
    a = write_result(tmp_path / "t" / "seed0", figures, data=described("activitynet", classes="halves"), **of_draws)
    b = write_result(tmp_path / "t" / "seed1", {"test": 70.0}, data=described("activitynet"), seed=1)
    with pytest.raises(ValueError, match=r"differs from .* in .*classes \(all / halves\)"):
        groups(a, b)
