"""Names of configurations that were removed, and what to write instead."""

from __future__ import annotations

from collections.abc import Mapping

_AP_CLIP = {
    "kinetics400": "ap_clip_kinetics400",
    **{name: f"ap_clip_zero_shot_{name}" for name in ("hmdb51", "kinetics600", "ucf101")},
}
_WITHOUT_MAKA = "--config configs/ablation/ap_clip_without_maka.yaml"

REPLACED_CONFIGS: Mapping[str, str] = {
    "model/t2l_reference": "--model configs/model/t2l_authors.yaml",
    "model/t3al_reference": "--model configs/model/t3al_authors.yaml",
    **{
        f"experiment/ap_clip_ablation_averaged_prompts_{data_set}": (
            f"--config configs/experiment/{experiment}.yaml {_WITHOUT_MAKA}"
        )
        for data_set, experiment in _AP_CLIP.items()
    },
    **{
        f"experiment/ap_clip_ablation_single_prompt_{data_set}": (
            f"--config configs/experiment/{experiment}.yaml {_WITHOUT_MAKA} "
            "--config configs/ablation/ap_clip_text_single.yaml"
        )
        for data_set, experiment in _AP_CLIP.items()
    },
    **{
        f"experiment/ap_clip_base_to_novel_{data_set}_from_kinetics400": (
            f"--config configs/experiment/ap_clip_base_to_novel_{data_set}.yaml --model.start_from "
            "runs/ap_clip_kinetics400/checkpoints/last.ckpt"
        )
        for data_set in ("hmdb51", "ssv2", "ucf101")
    },
}
"""Folder and name of a removed file -> the options that replace it."""


def replaced_config(name: str) -> str | None:
    """What to write instead of a removed configuration.

    Args:
        name: As typed or stated in a file: "configs/model/t3al_reference.yaml", "experiment/...", or a bare name.

    Returns:
        Options of the command line; None if no such configuration was removed.
    """
    wanted = "/" + name.removesuffix(".yaml").removesuffix(".yml").rpartition("/")[2]
    return next((options for removed, options in REPLACED_CONFIGS.items() if removed.endswith(wanted)), None)
