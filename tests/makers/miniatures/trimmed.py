"""UCF-101, HMDB-51, Kinetics-400, Kinetics-600 and Something-Something v2 in miniature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tests.makers.miniatures.class_videos import write_clips
from tests.makers.miniatures.truth import Clips, Truth, in_official_order
from tests.makers.miniatures.written_files import write_json, write_lines, youtube_id
from zsar.datamodules.class_text.vocabulary import exact_names

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
# What the clips of HMDB-51 are cut from: names with signs of shells and glob patterns, and with names of other classes.
_HMDB51_FILMS = (
    "Amazing_Soccer_#2",
    "Goal_1_&_2",
    "Brushing_Her_Hair__[_NEW_AUDIO_]_UPDATED!!!!",
    "kick__Best_fight_scene_of_all_time",
    "samurai_sword_action_lesson_preview",
    "FOOT_2009_(REMI_GAILLARD)",
)


def make_ucf101(root: Path, class_names: Sequence[str] = UCF101_CLASSES, *, clips_per_group: int = 1) -> Truth:
    """UCF-101: groups 1, 8, 15 and 22 of each class; group 1 is test in split 1, group 8 in split 2, 15 in split 3."""
    folder, names = root / "ucf101", in_official_order("ucf101", class_names)
    label_of = {name: label for label, name in enumerate(exact_names("ucf101"), start=1)}
    clips: dict[tuple[str, int], Clips] = {}
    stems = {
        group: [(_ucf101_stem(name, group, c + 1), name) for name in names for c in range(clips_per_group)]
        for group in (1, 8, 15, 22)
    }
    for group in stems:
        write_clips(((folder / "UCF-101" / name / f"{stem}.avi", name) for stem, name in stems[group]), names)
    # Lines end as in the official files.
    write_lines(folder / "ucfTrainTestlist/classInd.txt", [f"{n} {name}" for name, n in label_of.items()], end="\r\n")
    for split, test_group in enumerate((1, 8, 15), start=1):
        in_train = [clip for group, its_clips in stems.items() if group != test_group for clip in its_clips]
        train = sorted(in_train, key=lambda clip: label_of[clip[1]])
        train_lines = [f"{name}/{stem}.avi {label_of[name]}" for stem, name in train]
        test_lines = [f"{name}/{stem}.avi" for stem, name in stems[test_group]]
        write_lines(folder / f"ucfTrainTestlist/trainlist{split:02d}.txt", train_lines, end="\r\n")
        write_lines(folder / f"ucfTrainTestlist/testlist{split:02d}.txt", test_lines, end="\r\n")
        clips["train", split], clips["test", split] = frozenset(train), frozenset(stems[test_group])
    return Truth(folder, names, clips)


def make_hmdb51(root: Path, class_names: Sequence[str] = HMDB51_CLASSES) -> Truth:
    """HMDB-51: six clips of each class; in each split three are train, two test and one is unused. 51 split files."""
    folder, names = root / "hmdb51", in_official_order("hmdb51", class_names)
    clips: dict[tuple[str, int], set[tuple[str, str]]] = {}
    for name in names:
        stems = [f"{film}_{name}_f_cm_np1_fr_med_{number}" for number, film in enumerate(_HMDB51_FILMS)]
        for split in (1, 2, 3):
            flags = np.roll([1, 1, 1, 2, 2, 0], 2 * split - 2).tolist()
            lines = [f"{stem}.avi {flag} " for stem, flag in zip(stems, flags, strict=True)]
            write_lines(folder / f"testTrainMulti_7030_splits/{name}_test_split{split}.txt", lines)
            for stem, flag in zip(stems, flags, strict=True):
                clips.setdefault((("unused", "train", "test")[flag], split), set()).add((stem, name))
    for name in sorted(set(exact_names("hmdb51")) - set(names)):
        for split in (1, 2, 3):
            write_lines(folder / f"testTrainMulti_7030_splits/{name}_test_split{split}.txt", [])
    every = sorted(clip for (_, split), some in clips.items() if split == 1 for clip in some)
    write_clips(((folder / "videos" / name / f"{stem}.avi", name) for stem, name in every), names)
    return Truth(folder, names, {key: frozenset(value) for key, value in clips.items()})


def make_kinetics400(root: Path, class_names: Sequence[str] = KINETICS400_CLASSES) -> Truth:
    """Kinetics-400: class folders of train (two clips a class) and val (one); test.csv lists clips without files."""
    folder, names = root / "kinetics400", in_official_order("kinetics400", class_names)
    listed: dict[tuple[str, int], Clips] = {}
    for subset, n_clips in (("train", 2), ("val", 1), ("test", 1)):
        listed[subset, 1] = _kinetics_clips(folder, subset, names, n_clips, {"split": subset, "is_cc": "0"})
        if subset != "test":
            paths = ((folder / subset / name / f"{stem}.mp4", name) for stem, name in sorted(listed[subset, 1]))
            write_clips(paths, names)
    return Truth(folder, names, listed, absent={("test", 1): listed.pop(("test", 1))})


def make_kinetics600(root: Path, class_names: Sequence[str] = KINETICS600_CLASSES) -> Truth:
    """Kinetics-600: flat folders of train (two clips a class), val (one) and test (one)."""
    folder, names = root / "kinetics600", in_official_order("kinetics600", class_names)
    clips: dict[tuple[str, int], Clips] = {}
    for subset, n_clips, word in (("train", 2, "train"), ("val", 1, "validate"), ("test", 1, "test")):
        clips[subset, 1] = _kinetics_clips(folder, subset, names, n_clips, {"split": word})
        write_clips(((folder / subset / f"{stem}.mp4", name) for stem, name in sorted(clips[subset, 1])), names)
    return Truth(folder, names, clips)


def make_ssv2(root: Path, templates: Mapping[str, str] = SSV2_TEMPLATES) -> Truth:
    """Something-Something v2: two train clips and a validation clip of each class, and three test clips without one."""
    folder, names = root / "ssv2", in_official_order("ssv2", tuple(templates))
    ids = iter(str(37_919 * number % 220_847 + 1) for number in range(4 * len(names) + 3))  # of different lengths
    labels = {name: str(label) for label, name in enumerate(exact_names("ssv2"))}
    write_json(folder / "labels/labels.json", labels)
    clips: dict[tuple[str, int], Clips] = {}
    for subset, n_clips in (("train", 2), ("validation", 1)):
        some = [(next(ids), name) for _ in range(n_clips) for name in names]
        write_json(folder / f"labels/{subset}.json", [_ssv2_entry(clip, templates[name]) for clip, name in some])
        clips[subset, 1] = frozenset(some)
    unlabelled = [next(ids) for _ in range(3)]
    write_json(folder / "labels/test.json", [{"id": clip} for clip in unlabelled])
    every = [*sorted(clips["train", 1] | clips["validation", 1]), *zip(unlabelled, names, strict=False)]
    write_clips(((folder / "20bn-something-something-v2" / f"{clip}.webm", name) for clip, name in every), names)
    return Truth(folder, names, clips, unlabelled=frozenset(unlabelled))


def _ucf101_stem(name: str, group: int, clip: int) -> str:
    spelled = {"HandstandPushups": "HandStandPushups"}.get(name, name)  # the files of one class are spelled otherwise
    return f"v_{spelled}_g{group:02d}_c{clip:02d}"


def _kinetics_clips(
    folder: Path, subset: str, names: Sequence[str], n_clips: int, last_columns: Mapping[str, str]
) -> Clips:
    """Writes a subset's annotation file and returns its clips; names of several words are quoted, as in the wild."""
    lines, clips = [",".join(("label,youtube_id,time_start,time_end", *last_columns))], set()
    for number, name in enumerate(name for name in names for _ in range(n_clips)):
        video, start = youtube_id(f"{folder.name}/{subset}/{name}/{number}", number), 7 * number + 1
        quoted = f'"{name}"' if " " in name else name
        lines.append(",".join((quoted, video, str(start), str(start + 10), *last_columns.values())))
        clips.add((f"{video}_{start:06d}_{start + 10:06d}", name))
    write_lines(folder / f"annotations/{subset}.csv", lines)
    return frozenset(clips)


def _ssv2_entry(clip: str, template: str) -> dict[str, object]:
    things = template.count("[")
    words = [f"thing {number}" for number in range(1, things + 1)]
    label = template
    for word in words:
        label = label[: label.index("[")] + word + label[label.index("]") + 1 :]
    return {"id": clip, "label": label.lower(), "template": template, "placeholders": words}
