from dataclasses import dataclass

from zsar.lightning_modules.localization.stored.source_differences import source_differences


@dataclass(frozen=True)
class Source:
    architecture: str = "ViT"
    weights: str = "mine.pt"
    backbone_hash: str = "abc"
    stride: str = "1 frame"


def test_what_agrees_and_what_is_not_asked_for_is_no_difference() -> None:
    assert source_differences(Source(), {}) is None
    assert source_differences(Source(), {"stride": "1 frame", "backbone_hash": None}) is None


def test_both_values_of_each_difference_are_named() -> None:
    said = source_differences(Source(), {"stride": "2 frames", "weights": "yours.pt"})
    assert said == (
        "stride is 1 frame in the file, but 2 frames is asked for; "
        "weights is mine.pt in the file, but yours.pt is asked for"
    )


def test_of_another_model_the_file_s_own_is_named() -> None:
    said = source_differences(Source(), {"backbone_hash": "xyz"})
    assert said == "backbone_hash is abc in the file, but xyz is asked for (the file's model is ViT mine.pt)"
