from pathlib import Path

from zsar.lightning_modules.run_folders.checkpoint_names import checkpoints_in


def test_checkpoints_are_listed_by_name_without_unfinished_ones(tmp_path: Path) -> None:
    for name in ("last.ckpt", "best.ckpt", ".last.unfinished.ckpt", "notes.txt"):
        (tmp_path / name).touch()
    assert checkpoints_in(tmp_path) == [tmp_path / "best.ckpt", tmp_path / "last.ckpt"]
    assert checkpoints_in(tmp_path / "nowhere") == []
