"""The names of zsar's data sets of trimmed videos, for help texts that are shown before any of them is imported."""

from __future__ import annotations

TRIMMED_DATA_SETS = (
    "ActivityNet",
    "HMDB51",
    "HMDB51P",
    "Kinetics400",
    "Kinetics600",
    "MovingShapes",
    "MultiLabelShapes",
    "PhasedActivities",
    "ShiftedMovingShapes",
    "SomethingSomethingV2",
    "THUMOS14",
    "UCF101",
    "UCF101DS",
    "UCF101O",
    "UCF101P",
    "VideoFolder",
)
"""Sorted; the classes are in `zsar.datamodules.data_sets`."""
