from zsar.datamodules.choices.data_set_names import TRIMMED_DATA_SETS
from zsar.datamodules.video import TrimmedVideoDataModule
from zsar.lightning_modules.command_line.model_kinds import short_names


def test_the_table_names_the_data_sets_that_there_are() -> None:
    assert list(TRIMMED_DATA_SETS) == short_names(TrimmedVideoDataModule)
