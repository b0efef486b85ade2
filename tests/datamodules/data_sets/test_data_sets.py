import ast
from pathlib import Path

from zsar.datamodules import data_sets

FOLDER = Path(data_sets.__file__).parent


def data_sets_in(path: Path) -> set[str]:
    """The classes of a file that are data modules, by the names of their bases."""
    classes = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]
    data_sets = {"UCF101", "HMDB51", "MovingShapes"}
    abstract = {"TrimmedVideoDataModule", "ListedVideoDataModule", "PerturbedVideos", "UntrimmedVideoDataModule"}
    return {c.name for c in classes if {ast.unparse(base) for base in c.bases} & (data_sets | abstract)} - abstract


def test_every_data_set_of_the_package_is_known_by_its_short_name() -> None:
    there = {name for path in FOLDER.rglob("*.py") for name in data_sets_in(path)}
    assert {"UCF101", "UCF101P", "VideoFolder", "UntrimmedFiles", "MovingShapes", "ShiftedMovingShapes"} <= there
    assert set(data_sets.__all__) == there
