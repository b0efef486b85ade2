from itertools import product

import pytest

from zsar.lightning_modules.command_line.summarize.compared.sign_test import sign_test


def test_by_hand() -> None:
    assert sign_test(5, 0) == 2 / 2**5
    assert sign_test(1, 4) == 2 * (1 + 5) / 2**5
    assert sign_test(2, 2) == 1
    assert sign_test(0, 0) == 1


def test_as_all_outcomes_of_fair_coins_have_it() -> None:
    """The oracle counts the outcomes that are at least as uneven."""
    for n in range(1, 11):
        heads = [sum(coins) for coins in product((0, 1), repeat=n)]
        for better in range(n + 1):
            as_uneven = sum(abs(2 * each - n) >= abs(2 * better - n) for each in heads)
            assert sign_test(better, n - better) == pytest.approx(as_uneven / 2**n)


def test_many_videos_are_no_trouble() -> None:
    assert sign_test(10_000, 10_000) == 1
    assert sign_test(9_800, 10_200) == pytest.approx(0.0048, abs=0.0002)  # 2.82 deviations of the normal distribution
    assert sign_test(0, 20_000) == 0


def test_a_negative_count_is_an_error() -> None:
    with pytest.raises(ValueError, match="counts cannot be negative; got -1 better and 2 worse"):
        sign_test(-1, 2)
