"""The names of the methods, each with its trial."""

from typing import get_args

from zsar.lightning_modules.command_line.models.method_names import METHODS, MethodName, Status
from zsar.lightning_modules.command_line.models.model_table import MARKS
from zsar.lightning_modules.command_line.models.trials.method_trials import TRAINING_TOWERS, TRIALS


def test_each_method_has_a_name_in_tables_and_a_trial() -> None:
    assert set(METHODS) == set(get_args(MethodName)) == set(TRIALS)
    assert len(set(METHODS.values())) == len(METHODS)


def test_each_status_has_a_mark_of_its_own() -> None:
    assert set(MARKS) == set(get_args(Status))
    assert len(set(MARKS.values())) == len(MARKS)


def test_towers_are_trained_last_so_that_others_see_them_as_initialized() -> None:
    assert set(list(TRIALS)[-len(TRAINING_TOWERS) :]) == set(TRAINING_TOWERS)
