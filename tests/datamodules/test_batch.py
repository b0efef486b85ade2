import pytest
import torch

from zsar.datamodules.batch import ClassText, VideoBatch, ViewBatch
from zsar.datamodules.choices.colour_changes import ColourChange

FRAMES = torch.zeros(2, 1, 4, 3, 8, 8, dtype=torch.uint8)
ROW = torch.zeros(2, dtype=torch.int64)


def test_a_batch_moves_as_a_whole_and_stays_uint8() -> None:
    batch = VideoBatch(FRAMES, ROW, ROW, ROW.bool(), ("x",)).to("meta")
    assert {t.device.type for t in (batch.frames, batch.labels, batch.indices, batch.failed)} == {"meta"}
    assert batch.frames.dtype == torch.uint8
    assert (len(batch), batch.undecodable) == (2, ("x",))


def test_further_views_move_with_their_batch() -> None:
    views = ViewBatch(FRAMES[:, :0], torch.ones(3), ROW, ROW.double())
    batch = VideoBatch(FRAMES, ROW, ROW, ROW.bool(), views=views).to("meta")
    assert batch.views is not None
    moved = (batch.views.frames, batch.views.weights, batch.views.seeds, batch.views.seconds)
    assert {t.device.type for t in moved} == {"meta"}
    assert batch.views.frames.shape == (2, 0, 4, 3, 8, 8)
    assert VideoBatch(FRAMES, ROW, ROW, ROW.bool()).to("meta").views is None


def test_colours_go_with_their_batch() -> None:
    colours = ((), (ColourChange("hue", 0.1),))
    assert VideoBatch(FRAMES, ROW, ROW, ROW.bool(), colours=colours).to("meta").colours == colours
    with pytest.raises(ValueError, match="colours are of 1 clips, but it has 2; give one each"):
        VideoBatch(FRAMES, ROW, ROW, ROW.bool(), colours=colours[:1])


def test_further_views_are_pinned_with_their_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    pinned: list[torch.Tensor] = []

    def pin(tensor: torch.Tensor) -> torch.Tensor:
        pinned.append(tensor)
        return tensor

    monkeypatch.setattr(torch.Tensor, "pin_memory", pin)
    VideoBatch(FRAMES, ROW, ROW, ROW.bool(), views=ViewBatch(FRAMES, torch.ones(2), ROW, ROW.double())).pin_memory()
    assert len(pinned) == 8


@pytest.mark.parametrize("frames", [FRAMES.float(), FRAMES[0], FRAMES.transpose(3, 5)])
def test_further_views_of_another_layout_are_refused(frames: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"uint8 \[B, K, T, 3, H, W\]"):
        ViewBatch(frames, torch.ones(2), ROW, ROW.double())


@pytest.mark.parametrize("frames", [FRAMES.float(), FRAMES[0], FRAMES.transpose(3, 5)])
def test_frames_of_another_layout_are_refused(frames: torch.Tensor) -> None:
    with pytest.raises(ValueError, match=r"uint8 \[B, V, T, 3, H, W\]"):
        VideoBatch(frames, ROW, ROW, ROW.bool())


def test_content_hash_is_that_of_names_and_prompts() -> None:
    text = ClassText("base", ("a", "b"), (("an a",), ("a b",)), "test")
    assert text.content_hash == ClassText("novel", ("a", "b"), (("an a",), ("a b",)), "other").content_hash
    assert text.content_hash != ClassText("base", ("b", "a"), (("a b",), ("an a",)), "test").content_hash
    assert text.content_hash == "d461acdee84b2231"


@pytest.mark.parametrize(
    ("names", "prompts", "message"),
    [
        (("a", "a"), (("x",), ("y",)), "not unique: a"),
        (("Arm Wrestling", "arm_wrestling"), (("x",), ("y",)), "'Arm Wrestling' and 'arm_wrestling' are one class"),
        (("a", "b"), (("a Text", "y"), ("A  text", "y")), "'a' and 'b' of 'base' have the same prompts"),
        (("a", "b"), (("x",),), "2 class names but prompts for 1"),
        (("a", "b"), (("x",), ("y", "z")), "same number of prompts"),
        (("a", "b"), ((), ()), "at least one"),
        ((), (), "no classes"),
    ],
)
def test_impossible_class_text_is_refused(
    names: tuple[str, ...], prompts: tuple[tuple[str, ...], ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        ClassText("base", names, prompts, "test")


def test_labels_of_prompts_leave_the_content_hash_as_it_is() -> None:
    plain = ClassText("base", ("a", "b"), (("an a",), ("a b",)), "test")
    labelled = ClassText("base", ("a", "b"), (("an a",), ("a b",)), "test", ("Body",), ("posture",))
    assert (plain.prompt_groups, plain.prompt_attributes) == (None, None)
    assert labelled.content_hash == plain.content_hash


@pytest.mark.parametrize(
    ("groups", "attributes", "message"),
    [
        (("Body",), None, "both groups and attributes, or neither"),
        (("Body", "Body"), ("posture",), "2 groups of prompts, but each class of 'base' has 1 prompts"),
        (("Body",), (), "0 attributes of prompts"),
    ],
)
def test_labels_that_do_not_fit_the_prompts_are_refused(
    groups: tuple[str, ...] | None, attributes: tuple[str, ...] | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        ClassText("base", ("a",), (("an a",),), "test", groups, attributes)
