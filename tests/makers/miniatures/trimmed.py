"""Miniatures of the known data sets: a few real classes, tiny videos, the official folders and annotation files.

Each class has its own hue, and a square of that hue that moves in one of four directions, so that a model can tell the
classes apart. A class is encoded once per process; all its clips are copies of the same bytes. Every `make_` function
writes below a data root and returns what it wrote, so that a test can compare what a data module lists with it.
"""

from __future__ import annotations

import base64
import colorsys
import csv
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from zsar.datamodules.class_text.vocabulary import exact_names
from zsar.datamodules.video_files.writing.encoding import X264_OPTIONS, write_video

FRAMES_PER_SECOND = 8
N_FRAMES = 12  # of a trimmed clip
HEIGHT_PX, WIDTH_PX = 32, 40

UCF101_CLASSES = ("ApplyEyeMakeup", "Basketball", "BasketballDunk", "HandstandPushups", "JumpRope", "YoYo")
HMDB51_CLASSES = ("brush_hair", "cartwheel", "kick", "kick_ball", "sword", "sword_exercise")
KINETICS400_CLASSES = (
    "abseiling",
    "air drumming",
    "archery",
    "massaging person's head",
    "passing American football (in game)",
    "passing American football (not in game)",
)
# The first three are in Kinetics-400, one of them in another case; the other eight are not.
KINETICS600_CLASSES = (
    *("abseiling", "archery", "passing american football (not in game)"),
    *("acting in play", "adjusting glasses", "alligator wrestling", "arguing"),
    *("backflip (human)", "building lego", "calculating", "curling (sport)"),
)
SSV2_TEMPLATES = {  # class name -> template; the brackets hold more than "something" in some of them, as in the wild
    "Approaching something with your camera": "Approaching [something] with your camera",
    "Moving part of something": "Moving [part] of [something]",
    "Moving something down": "Moving [something] down",
    "Moving something up": "Moving [something] up",
    "Putting something, something and something on the table": (
        "Putting [something], [something] and [something] on the table"
    ),
    "Something falling like a rock": "[Something] falling like a rock",
    "Taking one of many similar things on the table": "Taking [one of many similar things on the table]",
}
ACTIVITYNET_CLASSES = ("Applying sunscreen", "Archery", "BMX", "Blow-drying hair", "Rock-paper-scissors", "Zumba")
THUMOS14_SEGMENTS = {  # class -> its instances in each of its videos, in seconds
    "BaseballPitch": ((0.5, 1.5), (3.0, 4.0)),
    "GolfSwing": ((1.0, 2.5),),
    "HighJump": ((0.5, 1.0), (2.0, 2.5), (3.5, 4.5)),
    "Shotput": ((2.0, 4.5),),
}
UCF101_DS_CLIPS = (  # file stem, UCF-101 class; the words of the class, of the shift (or none), YouTube id and part
    ("Apply_Eye_Makeup_african_0qAG2kFsaKQ-3-of-5", "ApplyEyeMakeup"),
    ("Apply_Eye_Makeup_old_person_N7qeBNPGI10-18-of-56", "ApplyEyeMakeup"),
    ("Basketball_Dunk_unusual_zDdEcrOiYis-1-of-1", "BasketballDunk"),
    ("Basketball_Shooting_in_rain_B-a2JsLo3oo-1-of-4", "Basketball"),
    ("Billiards_Shot_vintage_5KCYtsyG9Vc-1-of-2", "Billiards"),
    ("Boxing_Punching_Bag_pov__68BgOjbU80w-7-of-16", "BoxingPunchingBag"),
    ("Breaststroke_camera_angle+unusual_Wk6RwcWw2EA-1-of-2", "BreastStroke"),
    ("Clean_and_Jerk_in_garage_UR0wmDVRa2w-3-of-3", "CleanAndJerk"),
    ("Handstand_Pushups_kids_emecAfAQHos-1-of-2", "HandstandPushups"),
    ("Javelin_Throw_z01uou_tbH0-1-of-3", "JavelinThrow"),
    ("Jump_Rope_pov_aV-ks_Jbs3k-1-of-12", "JumpRope"),
)
# What the clips of HMDB-51 are cut from: names with signs of shells and glob patterns, and with names of other classes.
_HMDB51_FILMS = (
    "Amazing_Soccer_#2",
    "Goal_1_&_2",
    "Brushing_Her_Hair__[_NEW_AUDIO_]_UPDATED!!!!",
    "kick__Best_fight_scene_of_all_time",
    "samurai_sword_action_lesson_preview",
    "FOOT_2009_(REMI_GAILLARD)",
)
_CODECS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    ".mp4": ("libx264", X264_OPTIONS),
    ".avi": ("mpeg4", {}),
    ".webm": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}),
}

Clips = frozenset[tuple[str, str]]
"""(file stem, exact class name) of each clip."""


class Instance(NamedTuple):
    """A stretch of an untrimmed video in which its class is seen."""

    stem: str
    class_name: str
    start_seconds: float
    end_seconds: float


@dataclass(frozen=True)
class Truth:
    """What a miniature holds.

    Attributes:
        folder: The folder of the data set, below the data root.
        class_names: The classes that have clips, in the official order.
        clips: The labelled files by (subset, split), named as in the official files. The split is 1 where there is one.
        unlabelled: Stems of the files that no annotation gives a class.
        absent: Labelled clips by (subset, split) whose annotations are there and whose files are not.
        instances: Of an untrimmed data set, by subset.
        ambiguous: Of THUMOS14, by subset: (stem, start_seconds, end_seconds).
        durations_seconds: Of an untrimmed data set, by stem.
    """

    folder: Path
    class_names: tuple[str, ...]
    clips: Mapping[tuple[str, int], Clips]
    unlabelled: frozenset[str] = frozenset()
    absent: Mapping[tuple[str, int], Clips] = field(default_factory=dict)
    instances: Mapping[str, frozenset[Instance]] = field(default_factory=dict)
    ambiguous: Mapping[str, frozenset[tuple[str, float, float]]] = field(default_factory=dict)
    durations_seconds: Mapping[str, float] = field(default_factory=dict)

    def stems(self) -> frozenset[str]:
        """The stems of all files on disk."""
        return frozenset(stem for clips in self.clips.values() for stem, _ in clips) | self.unlabelled


def make_ucf101(root: Path, class_names: Sequence[str] = UCF101_CLASSES, *, clips_per_group: int = 1) -> Truth:
    """UCF-101: groups 1, 8, 15 and 22 of each class; group 1 is test in split 1, group 8 in split 2, 15 in split 3."""
    folder, names = root / "ucf101", _in_official_order("ucf101", class_names)
    label_of = {name: label for label, name in enumerate(exact_names("ucf101"), start=1)}
    clips: dict[tuple[str, int], Clips] = {}
    stems = {
        group: [(_ucf101_stem(name, group, c + 1), name) for name in names for c in range(clips_per_group)]
        for group in (1, 8, 15, 22)
    }
    for group in stems:
        _write_clips(((folder / "UCF-101" / name / f"{stem}.avi", name) for stem, name in stems[group]), names)
    # Lines end as in the official files.
    _write_lines(folder / "ucfTrainTestlist/classInd.txt", [f"{n} {name}" for name, n in label_of.items()], end="\r\n")
    for split, test_group in enumerate((1, 8, 15), start=1):
        in_train = [clip for group, its_clips in stems.items() if group != test_group for clip in its_clips]
        train = sorted(in_train, key=lambda clip: label_of[clip[1]])
        train_lines = [f"{name}/{stem}.avi {label_of[name]}" for stem, name in train]
        test_lines = [f"{name}/{stem}.avi" for stem, name in stems[test_group]]
        _write_lines(folder / f"ucfTrainTestlist/trainlist{split:02d}.txt", train_lines, end="\r\n")
        _write_lines(folder / f"ucfTrainTestlist/testlist{split:02d}.txt", test_lines, end="\r\n")
        clips["train", split], clips["test", split] = frozenset(train), frozenset(stems[test_group])
    return Truth(folder, names, clips)


def make_hmdb51(root: Path, class_names: Sequence[str] = HMDB51_CLASSES) -> Truth:
    """HMDB-51: six clips of each class; in each split three are train, two test and one is unused. 51 split files."""
    folder, names = root / "hmdb51", _in_official_order("hmdb51", class_names)
    clips: dict[tuple[str, int], set[tuple[str, str]]] = {}
    for name in names:
        stems = [f"{film}_{name}_f_cm_np1_fr_med_{number}" for number, film in enumerate(_HMDB51_FILMS)]
        for split in (1, 2, 3):
            flags = np.roll([1, 1, 1, 2, 2, 0], 2 * split - 2).tolist()
            lines = [f"{stem}.avi {flag} " for stem, flag in zip(stems, flags, strict=True)]
            _write_lines(folder / f"testTrainMulti_7030_splits/{name}_test_split{split}.txt", lines)
            for stem, flag in zip(stems, flags, strict=True):
                clips.setdefault((("unused", "train", "test")[flag], split), set()).add((stem, name))
    for name in sorted(set(exact_names("hmdb51")) - set(names)):
        for split in (1, 2, 3):
            _write_lines(folder / f"testTrainMulti_7030_splits/{name}_test_split{split}.txt", [])
    every = sorted(clip for (_, split), some in clips.items() if split == 1 for clip in some)
    _write_clips(((folder / "videos" / name / f"{stem}.avi", name) for stem, name in every), names)
    return Truth(folder, names, {key: frozenset(value) for key, value in clips.items()})


def make_kinetics400(root: Path, class_names: Sequence[str] = KINETICS400_CLASSES) -> Truth:
    """Kinetics-400: class folders of train (two clips a class) and val (one); test.csv lists clips without files."""
    folder, names = root / "kinetics400", _in_official_order("kinetics400", class_names)
    listed: dict[tuple[str, int], Clips] = {}
    for subset, n_clips in (("train", 2), ("val", 1), ("test", 1)):
        listed[subset, 1] = _kinetics_clips(folder, subset, names, n_clips, {"split": subset, "is_cc": "0"})
        if subset != "test":
            paths = ((folder / subset / name / f"{stem}.mp4", name) for stem, name in sorted(listed[subset, 1]))
            _write_clips(paths, names)
    return Truth(folder, names, listed, absent={("test", 1): listed.pop(("test", 1))})


def make_kinetics600(root: Path, class_names: Sequence[str] = KINETICS600_CLASSES) -> Truth:
    """Kinetics-600: flat folders of train (two clips a class), val (one) and test (one)."""
    folder, names = root / "kinetics600", _in_official_order("kinetics600", class_names)
    clips: dict[tuple[str, int], Clips] = {}
    for subset, n_clips, word in (("train", 2, "train"), ("val", 1, "validate"), ("test", 1, "test")):
        clips[subset, 1] = _kinetics_clips(folder, subset, names, n_clips, {"split": word})
        _write_clips(((folder / subset / f"{stem}.mp4", name) for stem, name in sorted(clips[subset, 1])), names)
    return Truth(folder, names, clips)


def make_ssv2(root: Path, templates: Mapping[str, str] = SSV2_TEMPLATES) -> Truth:
    """Something-Something v2: two train clips and a validation clip of each class, and three test clips without one."""
    folder, names = root / "ssv2", _in_official_order("ssv2", tuple(templates))
    ids = iter(str(37_919 * number % 220_847 + 1) for number in range(4 * len(names) + 3))  # of different lengths
    labels = {name: str(label) for label, name in enumerate(exact_names("ssv2"))}
    _write_json(folder / "labels/labels.json", labels)
    clips: dict[tuple[str, int], Clips] = {}
    for subset, n_clips in (("train", 2), ("validation", 1)):
        some = [(next(ids), name) for _ in range(n_clips) for name in names]
        _write_json(folder / f"labels/{subset}.json", [_ssv2_entry(clip, templates[name]) for clip, name in some])
        clips[subset, 1] = frozenset(some)
    unlabelled = [next(ids) for _ in range(3)]
    _write_json(folder / "labels/test.json", [{"id": clip} for clip in unlabelled])
    every = [*sorted(clips["train", 1] | clips["validation", 1]), *zip(unlabelled, names, strict=False)]
    _write_clips(((folder / "20bn-something-something-v2" / f"{clip}.webm", name) for clip, name in every), names)
    return Truth(folder, names, clips, unlabelled=frozenset(unlabelled))


def make_activitynet(root: Path, class_names: Sequence[str] = ACTIVITYNET_CLASSES) -> Truth:
    """ActivityNet v1.3: a training and a validation video of each class, and two testing videos without annotations.

    The first class's training video has two instances, all others have one.
    """
    folder, names = root / "activitynet", _in_official_order("activitynet", class_names)
    database: dict[str, object] = {}
    instances: dict[str, frozenset[Instance]] = {}
    durations: dict[str, float] = {}
    for subset, its_names in (("training", names), ("validation", names), ("testing", names[:2])):
        found: list[Instance] = []
        for index, name in enumerate(its_names):
            two = subset == "training" and index == 0
            segments = ((0.5, 1.5), (2.5, 3.5)) if two else ((0.5 + 0.25 * (index % 4), 2.5),)
            video = _youtube_id(f"activitynet/{subset}/{name}", index)
            path = folder / "videos" / f"v_{video}.mp4"
            _write_bytes(path, _untrimmed_bytes(index, len(names), segments, 4 * FRAMES_PER_SECOND))
            its_instances = [Instance(path.stem, name, *segment) for segment in segments if subset != "testing"]
            found += its_instances
            durations[path.stem] = 4.0
            database[video] = {
                "duration": 4.0,
                "subset": subset,
                "resolution": f"{WIDTH_PX}x{HEIGHT_PX}",
                "url": f"https://www.youtube.com/watch?v={video}",
                "annotations": [{"segment": list(instance[2:]), "label": name} for instance in its_instances],
            }
        instances[subset] = frozenset(found)
    _write_json(folder / "activity_net.v1-3.min.json", {"database": database, "taxonomy": [], "version": "VERSION 1.3"})
    return _untrimmed_truth(folder, names, instances, durations)


def make_thumos14(root: Path, segments: Mapping[str, tuple[tuple[float, float], ...]] = THUMOS14_SEGMENTS) -> Truth:
    """THUMOS14: two validation videos and a test video of each class, and a video of each subset without annotations.

    The first validation video and the first test video have an ambiguous stretch from 4.5 s to 5 s.
    """
    folder, names = root / "thumos14", _in_official_order("thumos14", tuple(segments))
    instances: dict[str, frozenset[Instance]] = {}
    ambiguous: dict[str, frozenset[tuple[str, float, float]]] = {}
    durations: dict[str, float] = {}
    for subset, suffix, first, n_videos in (("validation", "val", 51, 2), ("test", "test", 4, 1)):
        found: list[Instance] = []
        videos = [(name, segments[name]) for name in names for _ in range(n_videos)]
        for number, (name, its_segments) in enumerate([*videos, (names[0], ())]):
            stem = f"video_{subset}_{first + 7 * number:07d}"
            content = _untrimmed_bytes(names.index(name), len(names), its_segments, 5 * FRAMES_PER_SECOND)
            _write_bytes(folder / subset / f"{stem}.mp4", content)
            found += [Instance(stem, name, *segment) for segment in its_segments]
            durations[stem] = 5.0
        instances[subset] = frozenset(found)
        ambiguous[subset] = frozenset({(f"video_{subset}_{first:07d}", 4.5, 5.0)})
        for name in (*exact_names("thumos14"), "Ambiguous"):
            stretches = [(stem, s, e) for stem, its_name, s, e in found if its_name == name]
            rows = ambiguous[subset] if name == "Ambiguous" else stretches
            lines = [f"{stem}  {start:.2f} {end:.2f}" for stem, start, end in rows]
            _write_lines(folder / f"TH14_Temporal_annotations_{subset}/annotation/{name}_{suffix}.txt", lines)
    return _untrimmed_truth(folder, names, instances, durations, ambiguous)


def make_ucf101_ds(root: Path) -> Truth:
    """UCF-101-DS: the clips of UCF101_DS_CLIPS, one flat folder; the subset is test."""
    folder, names = root / "ucf101_ds", _in_official_order("ucf101", {name for _, name in UCF101_DS_CLIPS})
    _write_clips(((folder / "videos" / f"{stem}.mp4", name) for stem, name in UCF101_DS_CLIPS), names)
    return Truth(folder, names, {("test", 1): frozenset(UCF101_DS_CLIPS)})


def make_perturbed(
    root: Path,
    clean: Truth,
    *,
    perturbations: Sequence[str] = ("gaussian_noise",),
    severities: Sequence[int] = (3,),
    split: int = 1,
) -> Truth:
    """UCF-101-P or HMDB-51-P: a split's test clips of `make_ucf101` or `make_hmdb51`, noisy, for each severity of each.

    All perturbations and severities show the same noise; the truth holds for every one of their folders.
    """
    folder, clips = root / f"{clean.folder.name}_p", clean.clips["test", split]
    for place in (folder / "videos" / kind / str(severity) for kind in perturbations for severity in severities):
        paths = ((place / name / f"{stem}.mp4", name) for stem, name in sorted(clips))
        _write_clips(paths, clean.class_names, alter=_noisy)
    return Truth(folder, clean.class_names, {("test", split): clips})


def make_occluded(root: Path, clean: Truth, *, split: int = 1) -> Truth:
    """UCF-101-O: a split's test clips of `make_ucf101` with a black bar over their middle."""
    folder, clips = root / f"{clean.folder.name}_o", clean.clips["test", split]
    paths = ((folder / "videos" / name / f"{stem}.mp4", name) for stem, name in sorted(clips))
    _write_clips(paths, clean.class_names, alter=_occluded)
    return Truth(folder, clean.class_names, {("test", split): clips})


def write_vifi_list(path: Path, rows: Sequence[tuple[str, int]]) -> None:
    """A list of ViFi-CLIP: (file name or relative path, label)."""
    _write_lines(path, [f"{name} {label}" for name, label in rows])


def write_label_csv(path: Path, names: Sequence[str]) -> None:
    """The label file that belongs to such lists: id,name; lines end as in most of theirs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("id", "name"), *enumerate(names)])


def write_t2l_list(path: Path, rows: Sequence[tuple[str | Path, int, int]]) -> None:
    """A list of T2L: (absolute folder of frames, number of frames, label)."""
    _write_lines(path, [f"{folder} {n_frames} {label}" for folder, n_frames, label in rows])


def class_frames(index: int, n_classes: int, n_frames: int = N_FRAMES) -> NDArray[np.uint8]:
    """What a class looks like: uint8 [T, H, W, 3], dark and of its hue, with a bright square of that hue that moves."""
    colour = np.array(colorsys.hsv_to_rgb(index / n_classes, 1.0, 1.0))
    frames = np.broadcast_to(80 * colour, (n_frames, HEIGHT_PX, WIDTH_PX, 3)).astype(np.uint8)
    side_px = 12
    for number in range(n_frames):
        way = number % N_FRAMES / (N_FRAMES - 1)
        along = way if index % 2 else 1 - way
        down, right = (along, 0.5) if index // 2 % 2 else (0.5, along)
        top, left = round(down * (HEIGHT_PX - side_px)), round(right * (WIDTH_PX - side_px))
        frames[number, top : top + side_px, left : left + side_px] = 255 * colour
    return frames


def _unaltered(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return frames


def _noisy(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    noise = np.random.Generator(np.random.PCG64(0)).normal(0, 20, frames.shape)
    return (frames + noise).clip(0, 255).astype(np.uint8)


def _occluded(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    frames = frames.copy()
    frames[:, :, WIDTH_PX // 2 - 4 : WIDTH_PX // 2 + 4] = 0
    return frames


Alteration = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]


@cache
def _clip_bytes(index: int, n_classes: int, suffix: str, alter: Alteration) -> bytes:
    return _encoded(alter(class_frames(index, n_classes)), suffix)


@cache
def _untrimmed_bytes(index: int, n_classes: int, segments: tuple[tuple[float, float], ...], n_frames: int) -> bytes:
    """Grey, but for the segments, which show the class."""
    frames = np.full((n_frames, HEIGHT_PX, WIDTH_PX, 3), 128, np.uint8)
    for start_seconds, end_seconds in segments:
        first, end = round(start_seconds * FRAMES_PER_SECOND), round(end_seconds * FRAMES_PER_SECOND)
        frames[first:end] = class_frames(index, n_classes, end - first)
    return _encoded(frames, ".mp4")


def _encoded(frames: NDArray[np.uint8], suffix: str) -> bytes:
    codec, options = _CODECS[suffix]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"clip{suffix}"
        write_video(path, frames, frames_per_second=FRAMES_PER_SECOND, codec=codec, options=options)
        return path.read_bytes()


def _write_clips(
    clips: Iterable[tuple[Path, str]], class_names: Sequence[str], *, alter: Alteration = _unaltered
) -> None:
    """Writes (file, class) rows; a class looks as its place among the class names says."""
    for path, name in clips:
        _write_bytes(path, _clip_bytes(class_names.index(name), len(class_names), path.suffix, alter))


def _untrimmed_truth(
    folder: Path,
    names: tuple[str, ...],
    instances: dict[str, frozenset[Instance]],
    durations_seconds: dict[str, float],
    ambiguous: Mapping[str, frozenset[tuple[str, float, float]]] | None = None,
) -> Truth:
    annotated = {subset: some for subset, some in instances.items() if some}
    clips = {(subset, 1): frozenset((i.stem, i.class_name) for i in some) for subset, some in annotated.items()}
    unlabelled = durations_seconds.keys() - {stem for some in clips.values() for stem, _ in some}
    return Truth(
        folder,
        names,
        clips,
        unlabelled=frozenset(unlabelled),
        instances=annotated,
        ambiguous=ambiguous or {},
        durations_seconds=durations_seconds,
    )


def _in_official_order(vocabulary: str, class_names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(class_names, key=exact_names(vocabulary).index))


def _ucf101_stem(name: str, group: int, clip: int) -> str:
    spelled = {"HandstandPushups": "HandStandPushups"}.get(name, name)  # the files of one class are spelled otherwise
    return f"v_{spelled}_g{group:02d}_c{clip:02d}"


def _kinetics_clips(
    folder: Path, subset: str, names: Sequence[str], n_clips: int, last_columns: Mapping[str, str]
) -> Clips:
    """Writes a subset's annotation file and returns its clips; names of several words are quoted, as in the wild."""
    lines, clips = [",".join(("label,youtube_id,time_start,time_end", *last_columns))], set()
    for number, name in enumerate(name for name in names for _ in range(n_clips)):
        video, start = _youtube_id(f"{folder.name}/{subset}/{name}/{number}", number), 7 * number + 1
        quoted = f'"{name}"' if " " in name else name
        lines.append(",".join((quoted, video, str(start), str(start + 10), *last_columns.values())))
        clips.add((f"{video}_{start:06d}_{start + 10:06d}", name))
    _write_lines(folder / f"annotations/{subset}.csv", lines)
    return frozenset(clips)


def _youtube_id(seed: str, number: int) -> str:
    """Eleven characters, always the same for a seed; one id of three begins with "-", another one contains "_"."""
    drawn = base64.urlsafe_b64encode(hashlib.sha256(seed.encode()).digest()).decode()[:11]
    return ("-" + drawn[1:], drawn[:5] + "_" + drawn[6:], drawn)[number % 3]


def _ssv2_entry(clip: str, template: str) -> dict[str, object]:
    things = template.count("[")
    words = [f"thing {number}" for number in range(1, things + 1)]
    label = template
    for word in words:
        label = label[: label.index("[")] + word + label[label.index("]") + 1 :]
    return {"id": clip, "label": label.lower(), "template": template, "placeholders": words}


def _write_bytes(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _write_lines(path: Path, lines: Sequence[str], *, end: str = "\n") -> None:
    _write_bytes(path, "".join(line + end for line in lines).encode())


def _write_json(path: Path, value: object) -> None:
    _write_bytes(path, json.dumps(value).encode())
