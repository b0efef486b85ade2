import pytest

from zsar.lightning_modules.recognition.harmonic_mean import harmonic_mean


def test_published_figures_of_t2l() -> None:
    assert harmonic_mean(77.0, 58.2) == pytest.approx(66.3, abs=0.05)  # T2L, Table 2, HMDB-51


def test_zero_on_either_side_gives_zero() -> None:
    assert harmonic_mean(0, 90) == 0
    assert harmonic_mean(0, 0) == 0


def test_negative_accuracy_is_refused() -> None:
    with pytest.raises(ValueError, match="-1"):
        harmonic_mean(-1, 50)
