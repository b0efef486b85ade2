"""The data sets, one per file. Importing this package makes their short names known to the command line."""

from zsar.datamodules.data_sets.activitynet import ActivityNet
from zsar.datamodules.data_sets.hmdb51 import HMDB51
from zsar.datamodules.data_sets.kinetics400 import Kinetics400
from zsar.datamodules.data_sets.kinetics600 import Kinetics600
from zsar.datamodules.data_sets.moving_shapes import MovingShapes
from zsar.datamodules.data_sets.multi_label_shapes import MultiLabelShapes
from zsar.datamodules.data_sets.phased_activities import PhasedActivities
from zsar.datamodules.data_sets.shifted.hmdb51_p import HMDB51P
from zsar.datamodules.data_sets.shifted.shifted_moving_shapes import ShiftedMovingShapes
from zsar.datamodules.data_sets.shifted.ucf101_ds import UCF101DS
from zsar.datamodules.data_sets.shifted.ucf101_o import UCF101O
from zsar.datamodules.data_sets.shifted.ucf101_p import UCF101P
from zsar.datamodules.data_sets.ssv2 import SomethingSomethingV2
from zsar.datamodules.data_sets.thumos14 import THUMOS14
from zsar.datamodules.data_sets.ucf101 import UCF101
from zsar.datamodules.data_sets.untrimmed.activitynet_untrimmed import ActivityNetUntrimmed
from zsar.datamodules.data_sets.untrimmed.thumos14_untrimmed import THUMOS14Untrimmed
from zsar.datamodules.data_sets.untrimmed.untrimmed_files import UntrimmedFiles
from zsar.datamodules.data_sets.untrimmed.untrimmed_shapes import UntrimmedShapes
from zsar.datamodules.data_sets.video_folder import VideoFolder

__all__ = [
    "HMDB51",
    "HMDB51P",
    "THUMOS14",
    "UCF101",
    "UCF101DS",
    "UCF101O",
    "UCF101P",
    "ActivityNet",
    "ActivityNetUntrimmed",
    "Kinetics400",
    "Kinetics600",
    "MovingShapes",
    "MultiLabelShapes",
    "PhasedActivities",
    "ShiftedMovingShapes",
    "SomethingSomethingV2",
    "THUMOS14Untrimmed",
    "UntrimmedFiles",
    "UntrimmedShapes",
    "VideoFolder",
]
