"""HMDB51P: the test clips of HMDB-51 under 18 computed perturbations at 5 severities each (Schiappa et al. 2023).

    DATA_ROOT/hmdb51_p/videos/gaussian_noise/3/brush_hair/April_09_brush_hair_u_nm_np1_ba_goo_0.avi
    DATA_ROOT/hmdb51/testTrainMulti_7030_splits/...
    DATA_ROOT/hmdb51/videos/brush_hair/April_09_brush_hair_u_nm_np1_ba_goo_0.avi

The folders in `videos` are named by perturbation (`perturbations.py`) and severity; the annotations, and the clean
videos that relative robustness is measured by, are those of HMDB-51. The source computes some perturbations (temporal
ones, rotations) while videos are read; here each is a folder of videos.

Source: "A Large-Scale Robustness Analysis of Video Action Recognition Models", CVPR 2023, whose code computes them from
HMDB-51. Licence and counts: those of HMDB-51's test splits. For testing.
"""

from __future__ import annotations

from zsar.datamodules.data_sets.hmdb51 import HMDB51
from zsar.datamodules.data_sets.shifted.perturbed_videos import PerturbedVideos


class HMDB51P(PerturbedVideos, HMDB51):
    """HMDB-51-P under all perturbations, or under one."""
