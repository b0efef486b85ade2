import pytest
import torch

from zsar.lightning_modules.localization.contract import Detection, Localization, ScoreCurve
from zsar.lightning_modules.localization.finite_scores import check_localizations
from zsar.lightning_modules.localization.segments import Segment
from zsar.lightning_modules.training.finite_numbers import NotFiniteError


def found(score: float = 0.5, curve: float = 0.5) -> dict[int, Localization]:
    detection = Detection(Segment(0.0, 1.0, 0, 1, score), 0)
    return {0: Localization((detection,), curves=(ScoreCurve(0, torch.tensor([0.5, curve]), 0.5),))}


def test_scores_that_nothing_can_be_found_by_are_refused() -> None:
    check_localizations("a", found())
    for wrong in (found(score=torch.nan), found(curve=torch.nan), found(curve=torch.inf)):
        with pytest.raises(NotFiniteError, match="scores of the video 'a' are NaN or infinite"):
            check_localizations("a", wrong)
