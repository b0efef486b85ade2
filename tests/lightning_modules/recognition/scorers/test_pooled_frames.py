import torch

from zsar.lightning_modules.recognition.scorers.pooled_frames import pooled_frames


def test_frames_are_of_length_one_only_where_their_cosines_are_averaged() -> None:
    frames = torch.tensor([[[[3.0, 0.0], [0.0, 4.0]]]])
    torch.testing.assert_close(pooled_frames(frames, "mean_pooled_cosine"), torch.tensor([[[1.5, 2.0]]]))
    torch.testing.assert_close(pooled_frames(frames, "mean_frame_cosine"), torch.tensor([[[0.5, 0.5]]]))
