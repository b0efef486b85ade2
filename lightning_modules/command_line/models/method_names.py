"""The methods that `zsar models` tries, by the names that options and JSON have; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

MethodName = Literal[
    "zero_shot",
    "fine_tuned",
    "ap_clip",
    "bike",
    "open_vclip",
    "taco",
    "t2l",
    "gradient_checkpointing",
    "prompt_tuning",
    "t3al",
    "frame_wise",
    "attention_maps",
    "captions",
]
Status = Literal["yes", "partly", "no", "unknown", "failed"]
"""Whether a method works: "partly" and "no" have a reason that the method's own code gives; "unknown" is what cannot be
known without files from elsewhere; "failed" is an error of the code."""

METHODS: Mapping[MethodName, str] = {
    "zero_shot": "ZeroShotCLIP",
    "fine_tuned": "FineTunedCLIP (ViFi-CLIP)",
    "ap_clip": "AP-CLIP",
    "bike": "BIKE",
    "open_vclip": "Open-VCLIP",
    "taco": "TACO",
    "t2l": "T2L",
    "gradient_checkpointing": "gradient checkpointing",
    "prompt_tuning": "TPT, DTS-TPT, ZAR",
    "t3al": "T3AL",
    "frame_wise": "FrameWiseCLIP",
    "attention_maps": "attention maps",
    "captions": "captions",
}
"""Each method, as tables call it."""
