import pytest
from lightning.pytorch import seed_everything

from zsar.runtime.run_seed import run_seed, stated_seed


def test_the_run_s_seed_is_that_of_seed_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PL_GLOBAL_SEED", raising=False)
    assert (run_seed(), stated_seed()) == (0, None)
    monkeypatch.setenv("PL_GLOBAL_SEED", "7")
    assert (run_seed(), stated_seed()) == (7, 7)
    seed_everything(11, verbose=False)
    assert (run_seed(), stated_seed()) == (11, 11)
