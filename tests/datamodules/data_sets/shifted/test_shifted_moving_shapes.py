import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from zsar.datamodules.choices.frame_pixels import FramePixels
from zsar.datamodules.class_text.text_files import read_class_text
from zsar.datamodules.data_sets.moving_shapes import MovingShapes
from zsar.datamodules.data_sets.shifted.shape_shifts import SYNONYMS, Strengths
from zsar.datamodules.data_sets.shifted.shifted_moving_shapes import ShiftedMovingShapes
from zsar.datamodules.rendering.moving_shapes_rendering import base_and_novel_classes
from zsar.datamodules.settings import Loading, Split, Text
from zsar.datamodules.video_files.decoding import read_frames
from zsar.lightning_modules.command_line.cli import main

SHIFTS = ("clean", "noise", "contrast", "blur", "dropped")
LOADING = Loading(batch_size=8, n_workers=0)
SHAPE = base_and_novel_classes()[1][0]
STRENGTHS = Strengths(noise=0.2, contrast=0.5, blur_px=1.5, dropped=0.875)


@pytest.fixture(scope="module")
def shifted(tmp_path_factory: pytest.TempPathFactory) -> ShiftedMovingShapes:
    root = tmp_path_factory.mktemp("data")
    module = ShiftedMovingShapes(strengths=STRENGTHS, n_test=1, data_root=root, loading=LOADING)
    module.prepare_data()
    module.setup("test")
    return module


def clip(module: MovingShapes, key: str) -> NDArray[np.float64]:
    return read_frames(module.folder / key, range(24)).permute(0, 2, 3, 1).numpy().astype(float)


# --- sets -------------------------------------------------------------------------------------------------------------


def test_each_shift_is_a_test_set_of_the_novel_classes(shifted: ShiftedMovingShapes) -> None:
    novel = tuple(moving_shape.name for moving_shape in base_and_novel_classes()[1])
    texts = shifted.class_text("test")
    assert tuple(text.set_name for text in texts) == tuple(shifted.sets) == SHIFTS
    for text in texts:
        assert text.names == novel
        table = shifted.sets[text.set_name]
        assert [re.sub("a photo of a | moving", "", novel[label]) for label in table.labels] == [
            key.split("/")[1] for key in table.all_keys()
        ]
        assert {key.split("/")[0] for key in table.all_keys()} == {text.set_name}
        assert all(table[i].path.is_file() for i in range(len(table)))
    shifted.take_pixels(FramePixels(32, "crop", "bicubic"))
    assert len(shifted.test_dataloader()) == 5


def test_the_clean_clips_are_those_of_the_benchmark(shifted: ShiftedMovingShapes) -> None:
    benchmark = MovingShapes(n_train=1, n_test=1, data_root=shifted.data_root)
    benchmark.prepare_data()
    for key in shifted.sets["clean"].all_keys():
        own = (shifted.folder / key).read_bytes()
        assert own == (benchmark.folder / key.replace("clean", "test")).read_bytes()


def test_some_shifts_can_be_chosen_and_only_they_are_rendered(tmp_path: Path) -> None:
    module = ShiftedMovingShapes(shifts=("blur", "clean"), n_test=1, data_root=tmp_path)
    module.prepare_data()
    module.setup("test")
    assert tuple(module.sets) == ("blur", "clean")
    assert {path.name for path in module.folder.iterdir()} == {"blur", "clean"}


def test_clips_to_predict_are_those_of_all_shifts_without_their_classes(shifted: ShiftedMovingShapes) -> None:
    table = shifted.list_sets("predict")["predict"]
    assert len(table) == 5 * 32
    assert set(table.labels.tolist()) == {-1}


def test_an_excluded_clip_is_left_out_of_its_own_set_only(tmp_path: Path) -> None:
    key = "noise/red circle to the top/00.mp4"
    (tmp_path / "bad.csv").write_text(f"video\n{key}\n")
    split = Split(protocol="base_to_novel", exclude=tmp_path / "bad.csv")
    listed = ShiftedMovingShapes(n_test=1, data_root=tmp_path, split=split).list_sets("test")
    assert {name: len(table) for name, table in listed.items()} == {**dict.fromkeys(SHIFTS, 32), "noise": 31}
    assert key not in listed["noise"].all_keys()


@pytest.mark.parametrize("stage", ["fit", "validate"])
def test_there_is_nothing_to_train_on(shifted: ShiftedMovingShapes, stage: str) -> None:
    with pytest.raises(ValueError, match="ShiftedMovingShapes tests models that were trained elsewhere"):
        shifted.setup(stage)


def test_results_say_which_shifts_there_are_and_how_strong(tmp_path: Path) -> None:
    module = ShiftedMovingShapes(shifts=("clean", "dropped", "blur"), strengths=STRENGTHS, data_root=tmp_path)
    described = module.describe()
    assert described["shifts"] == {"clean": None, "dropped": 0.875, "blur": 1.5}
    assert described["data_set"] == "shifted_moving_shapes"


# --- clips ------------------------------------------------------------------------------------------------------------


def test_every_shift_changes_its_clips_as_it_says(shifted: ShiftedMovingShapes) -> None:
    of = {shift: clip(shifted, f"{shift}/green circle to the left/00.mp4") for shift in SHIFTS}
    pair = {shift: frames - of["clean"] for shift, frames in of.items()}
    assert pair["noise"].std() > 25  # of 51 before the video is encoded in colours of half the resolution
    spread = {shift: frames.std(axis=(1, 2, 3)) for shift, frames in of.items()}
    np.testing.assert_allclose(spread["contrast"] / spread["clean"], 0.5, atol=0.07)
    np.testing.assert_allclose(of["contrast"].mean(axis=(1, 2, 3)), of["clean"].mean(axis=(1, 2, 3)), atol=3)
    sharpness = {shift: np.abs(np.diff(frames, axis=2)).max() for shift, frames in of.items()}
    assert sharpness["blur"] < 0.7 * sharpness["clean"]
    steps = {shift: np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2, 3)) for shift, frames in of.items()}
    assert (steps["clean"] > 2).all()
    assert (steps["dropped"] > 2).sum() == 2  # three pictures


@pytest.mark.parametrize("shift", ["noise", "contrast", "blur"])
def test_clips_of_opposite_directions_stay_each_others_reversal(shifted: ShiftedMovingShapes, shift: str) -> None:
    left, right = (clip(shifted, f"{shift}/green circle to the {side}/00.mp4") for side in ("left", "right"))
    assert np.abs(left[::-1] - right).mean() < 0.4 * np.abs(left - right).mean()  # 0, were they not encoded


def test_under_dropped_frames_the_mean_position_tells_where_a_shape_came_from(shifted: ShiftedMovingShapes) -> None:
    def mean_x_px(shift: str, side: str) -> float:
        frames = clip(shifted, f"{shift}/green circle to the {side}/00.mp4")
        green = frames[..., 1].mean(axis=(0, 1))
        return float(np.average(np.arange(32), weights=green - green.min()))

    assert mean_x_px("clean", "left") == pytest.approx(mean_x_px("clean", "right"), abs=0.2)
    assert mean_x_px("dropped", "left") > mean_x_px("dropped", "right") + 2


def test_the_same_seed_renders_the_same_bytes_and_another_one_other_noise(
    shifted: ShiftedMovingShapes, tmp_path: Path
) -> None:
    key = "noise/red circle to the top/00.mp4"
    same, other = (
        ShiftedMovingShapes(
            shifts=("clean", "noise"), strengths=STRENGTHS, n_test=1, render_seed=seed, data_root=tmp_path
        )
        for seed in (0, 1)
    )
    noise = {}
    for module in (same, other):
        module.prepare_data()
        noise[module] = clip(module, key) - clip(module, key.replace("noise", "clean"))
    assert (same.folder / key).read_bytes() == (shifted.folder / key).read_bytes()
    assert np.corrcoef(noise[same].ravel(), noise[other].ravel())[0, 1] < 0.3


def test_whatever_changes_the_clips_changes_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modules = [
        ShiftedMovingShapes(data_root=tmp_path),
        ShiftedMovingShapes(data_root=tmp_path, n_test=7),
        ShiftedMovingShapes(data_root=tmp_path, render_seed=1),
        ShiftedMovingShapes(data_root=tmp_path, strengths=Strengths(dropped=0.7)),
        ShiftedMovingShapes(data_root=tmp_path, shifts=("clean",)),
    ]
    folders = {module.folder for module in modules}
    assert len(folders) == 5
    assert {folder.parent for folder in folders} == {tmp_path / "shifted_moving_shapes"}
    sources = {path.name for path in modules[0].rendering_sources()}
    assert {"moving_shapes.py", "shifted_moving_shapes.py", "frame_shifts.py", "encoding.py"} <= sources


def test_the_strength_of_a_shift_that_is_not_asked_for_changes_nothing(tmp_path: Path) -> None:
    folders = {
        ShiftedMovingShapes(data_root=tmp_path, shifts=("clean", "blur"), strengths=Strengths(noise=noise)).folder
        for noise in (0.1, 0.2)
    }
    assert len(folders) == 1


def test_consistent_shifts_keep_everything_in_its_place(tmp_path: Path) -> None:
    shifts: Any = ("clean", "cast", "fog", "palette", "synonyms")
    module = ShiftedMovingShapes(shifts=shifts, n_test=1, data_root=tmp_path)
    frames = {
        shift: module._shifted(module.frames_of(SHAPE, "test", 0), SHAPE, shift, 0).astype(float) for shift in shifts
    }
    np.testing.assert_array_equal(frames["synonyms"], frames["clean"])
    np.testing.assert_allclose(frames["fog"], 0.7 * frames["clean"] + 66, atol=0.5)
    np.testing.assert_allclose(frames["cast"], frames["clean"] * [1, 0.85, 0.7], atol=0.5)
    painted = np.abs(frames["palette"] - frames["clean"]).max(axis=-1) > 0
    assert 0 < painted.mean() < 0.5


def test_synonyms_are_other_names_of_the_classes_of_the_clean_clips(tmp_path: Path) -> None:
    module = ShiftedMovingShapes(shifts=("clean", "synonyms"), n_test=1, data_root=tmp_path)
    clean, other = module.class_text("test")
    assert [re.sub("|".join(SYNONYMS.values()), "_", name) for name in other.names] == [
        re.sub("|".join(SYNONYMS), "_", name) for name in clean.names
    ]
    assert other.prompts == tuple((name,) for name in other.names)
    assert not set(SYNONYMS) & set(" ".join(other.names).split())
    tables = module.list_sets("test")
    assert tables["clean"].labels.tolist() == tables["synonyms"].labels.tolist()


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("strengths", "message"),
    [
        ({"noise": 0}, "strengths.noise is 0, but must be above 0 and below 1; the set 'clean' has no shift"),
        ({"contrast": 1}, "strengths.contrast is 1, but must be above 0 and below 1"),
        ({"blur_px": 16}, "strengths.blur_px is 16, but must be above 0 and below 16"),
        ({"dropped": -0.5}, "strengths.dropped is -0.5, but must be above 0"),
        ({"noise": float("nan")}, "strengths.noise is nan"),
    ],
)
def test_a_strength_that_is_no_shift_or_leaves_no_picture_is_refused(strengths: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Strengths(**strengths)


@pytest.mark.parametrize(
    ("shifts", "message"),
    [
        ((), r"shifts must name at least one of clean, noise, .*, synonyms, and each once; got \[\]"),
        (("blur", "blur"), r"each once; got \['blur', 'blur'\]"),
        (("rain", "blur"), "shifts names 'rain', but must be of clean, noise, contrast, blur, dropped, cast, fog"),
    ],
)
def test_unknown_repeated_and_no_shifts_are_refused(shifts: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ShiftedMovingShapes(shifts=shifts)


def test_another_protocol_and_no_clips_are_refused() -> None:
    with pytest.raises(ValueError, match="split.protocol is 'all_classes', but ShiftedMovingShapes tests the novel"):
        ShiftedMovingShapes(split=Split(protocol="all_classes"))
    with pytest.raises(ValueError, match="at least 1; got 1 and 0"):
        ShiftedMovingShapes(n_test=0)


# --- with a model -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_one_run_tests_every_shift_and_computes_no_harmonic_mean(tmp_path: Path, tiny_weights: Path) -> None:
    config = {
        "run_dir": str(tmp_path / "run"),
        "model": {
            "class_path": "ZeroShotCLIP",
            "init_args": {"backbone": {"architecture": "tiny-clip", "weights": str(tiny_weights)}},
        },
        "data": {
            "class_path": "ShiftedMovingShapes",
            "init_args": {
                "n_test": 1,
                "strengths": {"noise": 0.3},
                "data_root": str(tmp_path),
                "loading": {"n_workers": 0},
                "text": {"descriptions": "moving_shapes_explanations"},
            },
        },
        "trainer": {"accelerator": "cpu", "enable_progress_bar": False},
    }
    (tmp_path / "experiment.yaml").write_text(yaml.safe_dump(config))
    assert main(["test", "--config", str(tmp_path / "experiment.yaml"), "--data.shifts", "[clean,noise,dropped]"]) == 0
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert list(results["sets"]) == ["clean", "noise", "dropped"]
    assert all(of_set["n_evaluated"] == of_set["n_listed"] == 32 for of_set in results["sets"].values())
    assert results["harmonic_mean"] is None
    assert results["data"]["shifts"] == {"clean": None, "noise": 0.3, "dropped": 0.875}
    assert {text["source"] for text in results["class_text"].values()} == {
        "explanations: moving_shapes_explanations.json"
    }


def test_explanations_leave_room_for_four_learned_tokens_in_the_tiny_clip(shifted: ShiftedMovingShapes) -> None:
    explanations = read_class_text("test", shifted.class_names, "moving_shapes_explanations").prompts
    names = ShiftedMovingShapes(text=Text(templates="name")).class_names
    assert len({text for (text,) in explanations}) == 64
    for name, (text,) in zip(names, explanations, strict=True):
        assert text.startswith("a photo of a ")
        assert text != name
        # Every word of the scheme is one token, as are start and end; the tiny CLIP reads 16.
        assert len(text.split()) + 2 <= 16
