"""Tests of the miniatures: their videos decode and look like their classes, and their annotations say what is there."""

from __future__ import annotations

import colorsys
import csv
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from torch import Tensor

from tests.makers import miniatures as miniature
from tests.makers.miniatures import FRAMES_PER_SECOND, HEIGHT_PX, N_FRAMES, WIDTH_PX, Truth
from tests.reference.full_decoding import decode_everything
from zsar.datamodules.class_text.vocabulary import exact_names

TRIMMED = (
    miniature.make_ucf101,
    miniature.make_hmdb51,
    miniature.make_kinetics400,
    miniature.make_kinetics600,
    miniature.make_ssv2,
    miniature.make_ucf101_ds,
)
UNTRIMMED = (miniature.make_activitynet, miniature.make_thumos14)
Maker = Callable[[Path], Truth]


def videos(truth: Truth) -> dict[str, Path]:
    """The files of a data set by stem."""
    return {path.stem: path for path in truth.folder.rglob("*") if path.suffix in (".avi", ".mp4", ".webm")}


def hue(frames: Tensor) -> float:
    """The mean hue of frames uint8 [T, 3, H, W], from 0 to 1."""
    red, green, blue = (frames.double().mean(dim=(0, 2, 3)) / 255).tolist()
    return colorsys.rgb_to_hsv(red, green, blue)[0]


def has_hue_of(frames: Tensor, class_name: str, truth: Truth) -> bool:
    """Whether no other class of the miniature is closer."""
    shift = hue(frames) - truth.class_names.index(class_name) / len(truth.class_names)
    return abs((shift + 0.5) % 1 - 0.5) < 0.5 / len(truth.class_names)


@pytest.mark.parametrize("make", [*TRIMMED, *UNTRIMMED])
def test_the_truth_names_every_file_and_each_file_is_named_once(make: Maker, tmp_path: Path) -> None:
    truth = make(tmp_path)
    found = Counter(path.stem for path in truth.folder.rglob("*") if path.suffix in (".avi", ".mp4", ".webm"))
    assert found == Counter(dict.fromkeys(truth.stems(), 1))
    assert len(truth.class_names) >= 4
    assert {name for clips in truth.clips.values() for _, name in clips} == set(truth.class_names)
    absent = {stem for clips in truth.absent.values() for stem, _ in clips}
    assert not absent & truth.stems()


@pytest.mark.parametrize("make", TRIMMED)
def test_clips_decode_and_show_the_hue_of_their_class_and_a_moving_square(make: Maker, tmp_path: Path) -> None:
    truth = make(tmp_path)
    paths = videos(truth)
    one_of_each = {name: stem for clips in truth.clips.values() for stem, name in clips}
    for name, stem in one_of_each.items():
        frames = decode_everything(paths[stem])
        assert frames.shape == (N_FRAMES, 3, HEIGHT_PX, WIDTH_PX)
        assert has_hue_of(frames, name, truth), (name, hue(frames))
        assert (frames[0].int() - frames[-1].int()).abs().max() > 100


@pytest.mark.parametrize("make", UNTRIMMED)
def test_untrimmed_videos_show_their_class_in_its_instances_and_grey_elsewhere(make: Maker, tmp_path: Path) -> None:
    truth = make(tmp_path)
    paths = videos(truth)
    for stem in sorted(truth.stems() - truth.unlabelled):
        frames = decode_everything(paths[stem])
        assert len(frames) == truth.durations_seconds[stem] * FRAMES_PER_SECOND
        is_grey = [True] * len(frames)
        for instance in (i for some in truth.instances.values() for i in some if i.stem == stem):
            first, end = (
                round(instance.start_seconds * FRAMES_PER_SECOND),
                round(instance.end_seconds * FRAMES_PER_SECOND),
            )
            is_grey[first:end] = [False] * (end - first)
            assert has_hue_of(frames[first:end], instance.class_name, truth)
        colour = frames.float().mean(dim=(2, 3))
        assert (colour.amax(1) - colour.amin(1) < 20).tolist() == is_grey


@pytest.mark.parametrize(
    ("make", "codec"),
    [(miniature.make_ucf101, "mpeg4"), (miniature.make_kinetics400, "h264"), (miniature.make_ssv2, "vp9")],
)
def test_videos_are_coded_as_in_the_wild(make: Maker, codec: str, tmp_path: Path) -> None:
    with av.open(str(next(iter(videos(make(tmp_path)).values())))) as container:
        assert container.streams.video[0].codec_context.codec.canonical_name == codec


def test_ucf101_lists_name_the_truth_and_the_splits_test_on_different_groups(tmp_path: Path) -> None:
    truth = miniature.make_ucf101(tmp_path, clips_per_group=2)
    lists = tmp_path / "ucf101/ucfTrainTestlist"
    index = [line.split() for line in (lists / "classInd.txt").read_text().splitlines()]
    assert index == [[str(n), name] for n, name in enumerate(exact_names("ucf101"), start=1)]
    for split in (1, 2, 3):
        train = [line.split() for line in (lists / f"trainlist{split:02d}.txt").read_text().splitlines()]
        test = (lists / f"testlist{split:02d}.txt").read_text().splitlines()
        assert {(Path(p).stem, index[int(label) - 1][1]) for p, label in train} == truth.clips["train", split]
        assert {(Path(p).stem, p.split("/")[0]) for p in test} == truth.clips["test", split]
        assert (len(train), len(test)) == (36, 12)
    assert not truth.clips["test", 1] & truth.clips["test", 2] | truth.clips["test", 2] & truth.clips["test", 3]
    assert (tmp_path / "ucf101/UCF-101/HandstandPushups/v_HandStandPushups_g01_c02.avi").is_file()


def test_hmdb51_split_files_flag_every_clip_of_a_class(tmp_path: Path) -> None:
    truth = miniature.make_hmdb51(tmp_path)
    for split in (1, 2, 3):
        for name in truth.class_names:
            text = (tmp_path / f"hmdb51/testTrainMulti_7030_splits/{name}_test_split{split}.txt").read_text()
            for flag, subset in enumerate(("unused", "train", "test")):
                stems = set(re.findall(rf"^(.+)\.avi {flag} $", text, flags=re.MULTILINE))
                assert stems == {stem for stem, its_name in truth.clips[subset, split] if its_name == name}
                assert all((tmp_path / f"hmdb51/videos/{name}/{stem}.avi").is_file() for stem in stems)


@pytest.mark.parametrize("make", [miniature.make_kinetics400, miniature.make_kinetics600])
def test_kinetics_annotations_list_the_truth(make: Maker, tmp_path: Path) -> None:
    truth = make(tmp_path)
    for subset in ("train", "val", "test"):
        with (truth.folder / f"annotations/{subset}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        times = [f"{int(row['time_start']):06d}_{int(row['time_end']):06d}" for row in rows]
        listed = {(f"{row['youtube_id']}_{time}", row["label"]) for row, time in zip(rows, times, strict=True)}
        assert listed == {**truth.clips, **truth.absent}[subset, 1]
        assert all(len(row["youtube_id"]) == 11 for row in rows)
        assert any(row["youtube_id"].startswith("-") for row in rows)
        assert any("_" in row["youtube_id"] for row in rows)


def test_kinetics600_has_eight_classes_that_kinetics400_lacks(tmp_path: Path) -> None:
    known = {name.lower() for name in exact_names("kinetics400")}
    assert sum(name.lower() not in known for name in miniature.make_kinetics600(tmp_path).class_names) == 8


def test_kinetics400_lies_in_class_folders(tmp_path: Path) -> None:
    truth = miniature.make_kinetics400(tmp_path)
    for (subset, _), clips in truth.clips.items():
        assert all((truth.folder / subset / name / f"{stem}.mp4").is_file() for stem, name in clips)


def test_ssv2_templates_become_class_names_without_their_brackets(tmp_path: Path) -> None:
    truth = miniature.make_ssv2(tmp_path)
    folder = truth.folder / "labels"
    assert json.loads((folder / "labels.json").read_text()) == {n: str(i) for i, n in enumerate(exact_names("ssv2"))}
    for subset in ("train", "validation"):
        entries = json.loads((folder / f"{subset}.json").read_text())
        listed = {(entry["id"], re.sub(r"[\[\]]", "", entry["template"])) for entry in entries}
        assert listed == truth.clips[subset, 1]
        assert all(entry["template"].count("[") == len(entry["placeholders"]) for entry in entries)
        assert all(thing in entry["label"] for entry in entries for thing in entry["placeholders"])
    assert [set(entry) for entry in json.loads((folder / "test.json").read_text())] == [{"id"}] * 3


def test_activitynet_annotations_list_the_truth(tmp_path: Path) -> None:
    truth = miniature.make_activitynet(tmp_path)
    database = json.loads((truth.folder / "activity_net.v1-3.min.json").read_text())["database"]
    listed = {
        (entry["subset"], (f"v_{video}", note["label"], *note["segment"]))
        for video, entry in database.items()
        for note in entry["annotations"]
    }
    assert listed == {(subset, tuple(i)) for subset, some in truth.instances.items() for i in some}
    assert truth.durations_seconds == {f"v_{video}": entry["duration"] for video, entry in database.items()}
    assert {f"v_{video}" for video, entry in database.items() if entry["subset"] == "testing"} == truth.unlabelled
    assert sorted(Counter(i.stem for i in truth.instances["training"]).values()) == [1, 1, 1, 1, 1, 2]


def test_thumos14_has_a_file_of_each_class_and_of_ambiguous_stretches(tmp_path: Path) -> None:
    truth = miniature.make_thumos14(tmp_path)
    for subset, suffix in (("validation", "val"), ("test", "test")):
        folder = truth.folder / f"TH14_Temporal_annotations_{subset}/annotation"
        names = {path.name.removesuffix(f"_{suffix}.txt"): path for path in folder.iterdir()}
        assert set(names) == {*exact_names("thumos14"), "Ambiguous"}
        line = re.compile(rf"^(video_{subset}_\d{{7}})  (\d+\.\d\d) (\d+\.\d\d)$", flags=re.MULTILINE)
        listed = {
            (stem, name, float(start), float(end))
            for name, path in names.items()
            for stem, start, end in line.findall(path.read_text())
        }
        ambiguous = {(stem, "Ambiguous", start, end) for stem, start, end in truth.ambiguous[subset]}
        assert listed == ambiguous | {tuple(instance) for instance in truth.instances[subset]}


@pytest.mark.parametrize(
    ("make", "perturbed"), [(miniature.make_ucf101, "ucf101_p"), (miniature.make_hmdb51, "hmdb51_p")]
)
def test_perturbed_clips_are_the_test_clips_for_each_perturbation(make: Maker, perturbed: str, tmp_path: Path) -> None:
    clean = make(tmp_path)
    truth = miniature.make_perturbed(tmp_path, clean, perturbations=("gaussian_noise", "fog"), severities=(1, 3))
    assert truth.clips == {("test", 1): clean.clips["test", 1]}
    for place in ("gaussian_noise/1", "gaussian_noise/3", "fog/1", "fog/3"):
        folder = tmp_path / perturbed / "videos" / place
        assert {(path.stem, path.parent.name) for path in folder.rglob("*.mp4")} == truth.clips["test", 1]
    stem, name = min(truth.clips["test", 1])
    noisy = decode_everything(videos(truth)[stem])
    assert has_hue_of(noisy, name, truth)
    assert (noisy.float() - decode_everything(videos(clean)[stem]).float()).abs().mean() > 5


def test_occluded_clips_are_the_test_clips_behind_a_black_bar(tmp_path: Path) -> None:
    clean = miniature.make_ucf101(tmp_path)
    truth = miniature.make_occluded(tmp_path, clean, split=2)
    assert truth.clips == {("test", 2): clean.clips["test", 2]}
    for stem, name in truth.clips["test", 2]:
        frames = decode_everything(tmp_path / f"ucf101_o/videos/{name}/{stem}.mp4")
        assert has_hue_of(frames, name, truth)
        assert frames[..., WIDTH_PX // 2 - 2 : WIDTH_PX // 2 + 2].max() < 60


def test_list_files_read_as_in_the_wild(tmp_path: Path) -> None:
    miniature.write_vifi_list(tmp_path / "vifi.txt", [("v_YoYo_g01_c01.avi", 100), ("val/a_000001_000011.mp4", 0)])
    miniature.write_label_csv(tmp_path / "labels.csv", ["brush hair", "laying it on its side, not upright"])
    miniature.write_t2l_list(tmp_path / "t2l.txt", [(Path("/data/UCF/v_YoYo_g01_c01"), 70, 100)])
    assert (tmp_path / "vifi.txt").read_text() == "v_YoYo_g01_c01.avi 100\nval/a_000001_000011.mp4 0\n"
    labels = b'id,name\r\n0,brush hair\r\n1,"laying it on its side, not upright"\r\n'
    assert (tmp_path / "labels.csv").read_bytes() == labels
    assert (tmp_path / "t2l.txt").read_text() == "/data/UCF/v_YoYo_g01_c01 70 100\n"
