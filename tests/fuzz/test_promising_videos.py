"""A header that promises gigapixels or billions of frames is refused by a limit with a name, before they are taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.harness import first_faults, run_cases
from tests.fuzz.outcomes import READ, REFUSED, Outcome
from tests.fuzz.promising_videos import BOUNDED, PROMISES, TOO_LARGE, TOO_MANY, write_seeds

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """What comes of each promise, by name."""
    folder: Path = tmp_path_factory.mktemp("promises")
    write_seeds(folder)
    wanted = [(name, 0) for name in PROMISES]
    return {outcome.seed_name: outcome for outcome in run_cases("promises", wanted, folder, seed=0)}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_picture_of_256_megapixels_is_refused(name: str, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[name]
    assert outcome.kind == REFUSED, first_faults([outcome], 1) or outcome.detail
    assert outcome.peak_mb < 300  # not so much as one such picture in RGB


@pytest.mark.parametrize("name", TOO_MANY)
def test_an_index_of_fifty_million_frames_is_refused(name: str, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[name]
    assert outcome.kind == REFUSED, first_faults([outcome], 1) or outcome.detail


@pytest.mark.parametrize("name", BOUNDED)
def test_what_other_promises_take_grows_with_what_is_there(name: str, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[name]
    assert outcome.kind in (READ, REFUSED), first_faults([outcome], 1)
    assert outcome.peak_mb < 300
