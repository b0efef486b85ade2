"""Test sets whose videos differ from those of training, in miniature: UCF-101-DS, -P and -O, and HMDB-51-P."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.makers.miniatures.class_videos import noisy, occluded, write_clips
from tests.makers.miniatures.truth import Truth, in_official_order
from zsar.datamodules.data_sets.shifted.perturbations import conditions_of

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


def make_ucf101_ds(root: Path) -> Truth:
    """UCF-101-DS: the clips of UCF101_DS_CLIPS, one flat folder; the subset is test."""
    folder, names = root / "ucf101_ds", in_official_order("ucf101", {name for _, name in UCF101_DS_CLIPS})
    write_clips(((folder / "videos" / f"{stem}.mp4", name) for stem, name in UCF101_DS_CLIPS), names)
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
        write_clips(paths, clean.class_names, alter=noisy)
    return Truth(folder, clean.class_names, {("test", split): clips})


def make_all_conditions(root: Path, clean: Truth) -> Truth:
    """UCF-101-P or HMDB-51-P: all 90 conditions of split 1, each with its own copies of the same noisy clips."""
    truth = make_perturbed(root, clean)
    made = truth.folder / "videos" / "gaussian_noise" / "3"
    for condition in conditions_of("all", "all"):
        if (place := truth.folder / "videos" / condition.folder) != made:
            shutil.copytree(made, place)
    return truth


def make_occluded(root: Path, clean: Truth, *, split: int = 1) -> Truth:
    """UCF-101-O: a split's test clips of `make_ucf101` with a black bar over their middle."""
    folder, clips = root / f"{clean.folder.name}_o", clean.clips["test", split]
    paths = ((folder / "videos" / name / f"{stem}.mp4", name) for stem, name in sorted(clips))
    write_clips(paths, clean.class_names, alter=occluded)
    return Truth(folder, clean.class_names, {("test", split): clips})
