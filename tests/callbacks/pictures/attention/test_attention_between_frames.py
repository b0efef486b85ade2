import torch
from torch.testing import assert_close

from zsar.callbacks.pictures.attention.attention_between_frames import attention_between_frames
from zsar.lightning_modules.open_clip_towers.attention.attention_record import AttentionRecord


def test_frames_attend_to_themselves_and_to_their_neighbours() -> None:
    """Three frames of one token and one head, the first of which gives 0.2 to the frame that is not there."""
    record = AttentionRecord(gradient=False)
    of_frames = torch.tensor([[0.2, 0.5, 0.3], [0.1, 0.6, 0.3], [0.4, 0.4, 0.2]])
    record.add(0, of_frames[:, None, None], "neighbours", n_frames=3)
    assert_close(attention_between_frames(record)[0], torch.tensor([[0.5, 0.3, 0.0], [0.1, 0.6, 0.3], [0.0, 0.4, 0.4]]))


def test_temporal_tokens_attend_by_the_mean_of_their_heads() -> None:
    record = AttentionRecord(gradient=False)
    record.add(2, torch.tensor([[[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]]]]), "frames")
    assert_close(attention_between_frames(record)[2], torch.tensor([[0.5, 0.5], [0.0, 1.0]]))


def test_frames_that_do_not_see_each_other_have_none() -> None:
    record = AttentionRecord(gradient=False)
    record.add(0, torch.full((2, 1, 5, 5), 0.2), "tokens")
    assert attention_between_frames(record) == {}
