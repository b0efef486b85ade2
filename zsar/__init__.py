"""zsar: zero-shot action recognition in video.

    model = zsar.load("ViT-B-16-quickgelu", weights="openai")
    answer = zsar.classify("holiday.mp4", ["surfing", "swimming"], model=model)

Nothing heavy is imported before it is used: `import zsar` takes milliseconds.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from zsar.runtime.code_version import __version__

if _TYPE_CHECKING:
    from zsar.api.adaptation.adaptation import Adaptation
    from zsar.api.answers import Classification
    from zsar.api.classification import classify
    from zsar.api.drawing.draw import draw
    from zsar.api.embedding import Embeddings, TextEmbeddings, embed, embed_text
    from zsar.api.embeddings.search import search
    from zsar.api.export.onnx_export import export_onnx
    from zsar.api.frames import read_frames
    from zsar.api.live.classify_stream import LiveAnswer, LiveAnswers, classify_stream
    from zsar.api.loading import load
    from zsar.api.localization.localization import Localization, Segment
    from zsar.api.localization.localize import localize
    from zsar.api.mteb.mteb_model import mteb_model
    from zsar.callbacks.confidence_memory import ConfidenceMemory
    from zsar.callbacks.prompt_tuning import PromptTuning
    from zsar.datamodules.data_sets import (
        HMDB51,
        HMDB51P,
        THUMOS14,
        UCF101,
        UCF101DS,
        UCF101O,
        UCF101P,
        ActivityNet,
        ActivityNetUntrimmed,
        Kinetics400,
        Kinetics600,
        MovingShapes,
        MultiLabelShapes,
        PhasedActivities,
        ShiftedMovingShapes,
        SomethingSomethingV2,
        THUMOS14Untrimmed,
        UntrimmedFiles,
        UntrimmedShapes,
        VideoFolder,
    )
    from zsar.lightning_modules.ap_clip import APCLIP
    from zsar.lightning_modules.bike import BIKE
    from zsar.lightning_modules.clip import FineTunedCLIP, ZeroShotCLIP
    from zsar.lightning_modules.localization.frame_wise import FrameWiseCLIP
    from zsar.lightning_modules.open_vclip import OpenVCLIP
    from zsar.lightning_modules.t2l import T2L
    from zsar.lightning_modules.t3al import T3AL
    from zsar.lightning_modules.taco import TACO

_MODULES = {
    "zsar.api.adaptation.adaptation": ("Adaptation",),
    "zsar.api.answers": ("Classification",),
    "zsar.api.classification": ("classify",),
    "zsar.api.drawing.draw": ("draw",),
    "zsar.api.embedding": ("Embeddings", "TextEmbeddings", "embed", "embed_text"),
    "zsar.api.embeddings.search": ("search",),
    "zsar.api.export.onnx_export": ("export_onnx",),
    "zsar.api.frames": ("read_frames",),
    "zsar.api.live.classify_stream": ("LiveAnswer", "LiveAnswers", "classify_stream"),
    "zsar.api.loading": ("load",),
    "zsar.api.localization.localization": ("Localization", "Segment"),
    "zsar.api.localization.localize": ("localize",),
    "zsar.api.mteb.mteb_model": ("mteb_model",),
    "zsar.callbacks.confidence_memory": ("ConfidenceMemory",),
    "zsar.callbacks.prompt_tuning": ("PromptTuning",),
    "zsar.datamodules.data_sets": (
        *("HMDB51", "HMDB51P", "THUMOS14", "UCF101", "UCF101DS", "UCF101O", "UCF101P", "ActivityNet"),
        *("ActivityNetUntrimmed", "Kinetics400", "Kinetics600", "MovingShapes", "MultiLabelShapes"),
        *(
            "PhasedActivities",
            "ShiftedMovingShapes",
            "SomethingSomethingV2",
            "THUMOS14Untrimmed",
            "UntrimmedFiles",
            "UntrimmedShapes",
        ),
        "VideoFolder",
    ),
    "zsar.lightning_modules.ap_clip": ("APCLIP",),
    "zsar.lightning_modules.bike": ("BIKE",),
    "zsar.lightning_modules.clip": ("FineTunedCLIP", "ZeroShotCLIP"),
    "zsar.lightning_modules.localization.frame_wise": ("FrameWiseCLIP",),
    "zsar.lightning_modules.open_vclip": ("OpenVCLIP",),
    "zsar.lightning_modules.t2l": ("T2L",),
    "zsar.lightning_modules.t3al": ("T3AL",),
    "zsar.lightning_modules.taco": ("TACO",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = [
    "APCLIP",
    "BIKE",
    "HMDB51",
    "HMDB51P",
    "T2L",
    "T3AL",
    "TACO",
    "THUMOS14",
    "UCF101",
    "UCF101DS",
    "UCF101O",
    "UCF101P",
    "ActivityNet",
    "ActivityNetUntrimmed",
    "Adaptation",
    "Classification",
    "ConfidenceMemory",
    "Embeddings",
    "FineTunedCLIP",
    "FrameWiseCLIP",
    "Kinetics400",
    "Kinetics600",
    "LiveAnswer",
    "LiveAnswers",
    "Localization",
    "MovingShapes",
    "MultiLabelShapes",
    "OpenVCLIP",
    "PhasedActivities",
    "PromptTuning",
    "Segment",
    "ShiftedMovingShapes",
    "SomethingSomethingV2",
    "THUMOS14Untrimmed",
    "TextEmbeddings",
    "UntrimmedFiles",
    "UntrimmedShapes",
    "VideoFolder",
    "ZeroShotCLIP",
    "__version__",
    "classify",
    "classify_stream",
    "draw",
    "embed",
    "embed_text",
    "export_onnx",
    "load",
    "localize",
    "mteb_model",
    "read_frames",
    "search",
]


def __getattr__(name: str) -> _Any:  # noqa: ANN401 - of any type
    """Imports a public name when it is first used."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'zsar' has no attribute {name!r}; its public names are in zsar.__all__")
    value = getattr(_import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, and what is loaded."""
    return sorted({*globals(), *__all__})
