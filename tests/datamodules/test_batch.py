import pytest
import torch

from datamodules.batch import ClassText, VideoBatch

FRAMES = torch.zeros(2, 1, 4, 3, 8, 8, dtype=torch.uint8)
ROW = torch.zeros(2, dtype=torch.int64)


def test_a_batch_moves_as_a_whole_and_stays_uint8() -> None:
    batch = VideoBatch(FRAMES, ROW, ROW, ROW.bool(), ("x",)).to("meta")
    assert {t.device.type for t in (batch.frames, batch.labels, batch.indices, batch.failed)} == {"meta"}
    assert batch.frames.dtype == torch.uint8
    assert (len(batch), batch.undecodable) == (2, ("x",))


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
