from pathlib import Path

import pytest

from tests.makers.miniatures import make_hmdb51, make_perturbed
from tests.makers.miniatures.listed_rows import cleaned, listed
from zsar.datamodules.data_sets.shifted.hmdb51_p import HMDB51P


def test_the_test_split_is_read_from_the_folder_of_perturbation_and_severity(tmp_path: Path) -> None:
    clean = make_hmdb51(tmp_path)
    make_perturbed(tmp_path, clean, severities=(1, 5))
    module = HMDB51P(perturbation="gaussian_noise", severity=5, data_root=tmp_path)
    assert listed(module, "test") == cleaned(clean.clips["test", 1])
    module.setup("test")
    assert module.describe()["shift"] == "gaussian_noise 5"


def test_a_perturbation_that_is_not_there_is_named(tmp_path: Path) -> None:
    make_perturbed(tmp_path, make_hmdb51(tmp_path))
    with pytest.raises(FileNotFoundError, match="no folder .*hmdb51_p/videos/fog/1"):
        HMDB51P(perturbation="fog", severity=1, data_root=tmp_path).setup("test")
