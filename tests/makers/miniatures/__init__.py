"""The known data sets in miniature: a few classes, tiny videos, the official folders and annotation files."""

from tests.makers.miniatures.class_videos import FRAMES_PER_SECOND, HEIGHT_PX, N_FRAMES, WIDTH_PX
from tests.makers.miniatures.list_files import write_label_csv, write_t2l_list, write_vifi_list
from tests.makers.miniatures.shifted import (
    UCF101_DS_CLIPS,
    make_all_conditions,
    make_occluded,
    make_perturbed,
    make_ucf101_ds,
)
from tests.makers.miniatures.trimmed import make_hmdb51, make_kinetics400, make_kinetics600, make_ssv2, make_ucf101
from tests.makers.miniatures.truth import Instance, Truth
from tests.makers.miniatures.untrimmed import ACTIVITYNET_CLASSES, make_activitynet, make_thumos14

__all__ = [
    "ACTIVITYNET_CLASSES",
    "FRAMES_PER_SECOND",
    "HEIGHT_PX",
    "N_FRAMES",
    "UCF101_DS_CLIPS",
    "WIDTH_PX",
    "Instance",
    "Truth",
    "make_activitynet",
    "make_all_conditions",
    "make_hmdb51",
    "make_kinetics400",
    "make_kinetics600",
    "make_occluded",
    "make_perturbed",
    "make_ssv2",
    "make_thumos14",
    "make_ucf101",
    "make_ucf101_ds",
    "write_label_csv",
    "write_t2l_list",
    "write_vifi_list",
]
