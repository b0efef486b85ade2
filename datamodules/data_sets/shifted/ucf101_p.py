"""UCF101P: the test clips of UCF-101 under 18 computed perturbations at 5 severities each (Schiappa et al. 2023).

    DATA_ROOT/ucf101_p/videos/gaussian_noise/3/ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi
    DATA_ROOT/ucf101/ucfTrainTestlist/...
    DATA_ROOT/ucf101/UCF-101/ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi

The folders in `videos` are named by perturbation (`perturbations.py`) and severity; the annotations, and the clean
videos that relative robustness is measured by, are those of UCF-101. The source computes some perturbations (temporal
ones, rotations) while videos are read; here each is a folder of videos.

Source: "A Large-Scale Robustness Analysis of Video Action Recognition Models", CVPR 2023, whose code computes them from
UCF-101. Licence and counts: those of UCF-101's test splits. For testing.
"""

from __future__ import annotations

from zsar.datamodules.data_sets.shifted.perturbed_videos import PerturbedVideos
from zsar.datamodules.data_sets.ucf101 import UCF101


class UCF101P(PerturbedVideos, UCF101):
    """UCF-101-P under all perturbations, or under one."""
