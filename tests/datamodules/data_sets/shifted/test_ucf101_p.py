from pathlib import Path

import pytest

from tests.makers.miniatures import make_perturbed, make_ucf101
from tests.makers.miniatures.listed_rows import cleaned, listed
from zsar.datamodules.data_sets.shifted.ucf101_p import UCF101P
from zsar.datamodules.settings import Split


def test_the_test_split_is_read_from_the_folder_of_perturbation_and_severity(tmp_path: Path) -> None:
    clean = make_ucf101(tmp_path)
    make_perturbed(tmp_path, clean, perturbations=("gaussian_noise", "zoom_blur"), severities=(2, 3), split=2)
    module = UCF101P(perturbation="zoom_blur", severity=2, data_root=tmp_path, split=Split(fold=2))
    assert listed(module, "test") == cleaned(clean.clips["test", 2])
    assert module.list_videos("test").root == tmp_path / "ucf101_p/videos/zoom_blur/2"


def test_nothing_can_be_trained_on_and_results_name_the_shift(tmp_path: Path) -> None:
    make_perturbed(tmp_path, make_ucf101(tmp_path))
    module = UCF101P(perturbation="gaussian_noise", severity=3, data_root=tmp_path)
    with pytest.raises(ValueError, match="UCF101P tests models that were trained elsewhere"):
        module.setup("fit")
    module.setup("test")
    assert (module.describe()["data_set"], module.describe()["shift"]) == ("ucf101_p", "gaussian_noise 3")
