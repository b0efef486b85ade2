import pytest
from scipy.stats import binomtest

from zsar.lightning_modules.command_line.summarize.compared.sign_test import sign_test


def test_by_hand() -> None:
    assert sign_test(5, 0) == 2 / 2**5
    assert sign_test(1, 4) == 2 * (1 + 5) / 2**5
    assert sign_test(2, 2) == 1
    assert sign_test(0, 0) == 1


def test_as_scipy_has_it() -> None:
    for better in range(0, 40, 3):
        for worse in range(1, 900, 83):
            expected = binomtest(better, better + worse, 0.5).pvalue
            assert sign_test(better, worse) == sign_test(worse, better) == pytest.approx(expected, rel=1e-9)


def test_a_negative_count_is_an_error() -> None:
    with pytest.raises(ValueError, match="counts cannot be negative; got -1 better and 2 worse"):
        sign_test(-1, 2)
