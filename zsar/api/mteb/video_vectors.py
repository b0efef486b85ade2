"""One vector for a video, whose product with a text's is the model's score; which scorers have one.

MTEB compares what a model embeds by itself: a video is one vector, a text another. Two scorers are such a product:

    mean_pooled_cosine   v = mean_t f_t / |mean_t f_t|
    mean_frame_cosine    v = mean_t (f_t / |f_t|)

with the frame embeddings f_t of a clip. Clips are averaged where the model adds up their logits (`view_ensemble`
"logit_sum"). The factor of the scores is left out: it changes no order. Other scorers weigh frames by the text, or
average probabilities, which no product of two vectors does.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from zsar.lightning_modules.recognition.scorers.pooled_frames import WITH_ONE_VECTOR, pooled_frames
from zsar.lightning_modules.recognition.scoring import Scorer, Scoring


def check_one_vector(scoring: Scoring, *, model: str, clips: int) -> None:
    """Checks that a model's scores are products of one vector for a video and one for a text.

    Args:
        scoring: The model's.
        model: Its class, for the message.
        clips: Clips of a video.

    Raises:
        ValueError: They are not.
    """
    if scoring.scorer not in WITH_ONE_VECTOR:
        raise ValueError(
            f"{model} compares videos with text by {scoring.scorer}, which has no single embedding of a video as MTEB "
            f"needs it; take a model that scores by {' or '.join(WITH_ONE_VECTOR)}, or test this one by `zsar test`"
        )
    if clips > 1 and scoring.view_ensemble == "probability":
        raise ValueError(
            f"clips is {clips}, but {model} averages the probabilities of its clips, which no single embedding of a "
            "video does; leave clips out"
        )


def video_vectors(frames: Tensor, scorer: Scorer) -> Tensor:
    """The vector of each video.

    Args:
        frames: Frame embeddings, not normalized, [B, V, T, D].
        scorer: The model's, one of `WITH_ONE_VECTOR`.

    Returns:
        float32 [B, D], of length 1 at most.
    """
    clips = pooled_frames(frames.float(), scorer)
    return (clips if scorer == "mean_frame_cosine" else functional.normalize(clips, dim=-1)).mean(dim=1)
