from typing import get_args

import pytest
import torch

from zsar.api.mteb.video_vectors import check_one_vector, video_vectors
from zsar.lightning_modules.recognition.scorers.pooled_frames import WITH_ONE_VECTOR
from zsar.lightning_modules.recognition.scoring import Scorer, Scoring, ViewEnsemble

FRAMES = torch.tensor([[[[3.0, 0.0], [0.0, 4.0]]]])  # one video, one clip, two frames


def test_by_hand() -> None:
    torch.testing.assert_close(video_vectors(FRAMES, "mean_pooled_cosine"), torch.tensor([[0.6, 0.8]]))
    torch.testing.assert_close(video_vectors(FRAMES, "mean_frame_cosine"), torch.tensor([[0.5, 0.5]]))
    clips = torch.cat([FRAMES, FRAMES.flip(-1)], dim=1)  # the other clip points to (0.8, 0.6)
    torch.testing.assert_close(video_vectors(clips, "mean_pooled_cosine"), torch.tensor([[0.7, 0.7]]))


@pytest.mark.parametrize("ensemble", get_args(ViewEnsemble))
@pytest.mark.parametrize("n_clips", [1, 3])
@pytest.mark.parametrize("scorer", get_args(Scorer))
def test_every_scorer_is_a_product_of_vectors_or_refused(scorer: Scorer, n_clips: int, ensemble: ViewEnsemble) -> None:
    scoring = Scoring(scorer, view_ensemble=ensemble)
    is_one = scorer in WITH_ONE_VECTOR and (n_clips == 1 or ensemble == "logit_sum")
    if not is_one:
        with pytest.raises(ValueError, match=scorer if scorer not in WITH_ONE_VECTOR else "clips is 3"):
            check_one_vector(scoring, model="Some", clips=n_clips)
        return
    check_one_vector(scoring, model="Some", clips=n_clips)
    frames, texts = torch.randn(5, n_clips, 4, 8), torch.nn.functional.normalize(torch.randn(6, 1, 8), dim=-1)
    scores = scoring.score(frames, texts, torch.tensor(7.0))
    torch.testing.assert_close(7 * n_clips * video_vectors(frames, scorer) @ texts[:, 0].T, scores)
