import pytest

from zsar.datamodules.data_sets.shifted.hmdb51_p import HMDB51P
from zsar.datamodules.data_sets.shifted.perturbed_videos import PerturbedVideos
from zsar.datamodules.data_sets.shifted.ucf101_p import UCF101P


@pytest.mark.parametrize(("data_set", "folder"), [(UCF101P, "ucf101_p"), (HMDB51P, "hmdb51_p")])
def test_perturbation_and_severity_are_folders_of_the_data_set(data_set: type[PerturbedVideos], folder: str) -> None:
    assert data_set(perturbation="fog", severity=4).videos_folder == f"{folder}/videos/fog/4"


@pytest.mark.parametrize("severity", [0, 6])
@pytest.mark.parametrize("data_set", [UCF101P, HMDB51P])
def test_severities_are_one_to_five(data_set: type[PerturbedVideos], severity: int) -> None:
    with pytest.raises(ValueError, match=f"severity must be 1 to 5; got {severity}"):
        data_set(perturbation="fog", severity=severity)
