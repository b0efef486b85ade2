import json
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import WandbLogger
from lightning.pytorch.trainer.states import TrainerFn
from matplotlib.figure import Figure

from zsar.callbacks.pictures import written_pictures
from zsar.callbacks.pictures.written_pictures import WrittenPictures
from zsar.lightning_modules.run_folders.picture_files import Picture, read_pictures


def trainer_in(folder: Path, **arguments: Any) -> Trainer:
    trainer = Trainer(accelerator="cpu", default_root_dir=folder, **{"logger": False, **arguments})
    trainer.state.fn = TrainerFn.TESTING
    return trainer


def add(written: WrittenPictures, set_name: str, stem: str) -> Path:
    return written.add(set_name, stem, title=f"title {stem}", alt="alt", numbers={"n": 3}, figure=Figure())


def test_a_picture_lies_beside_its_numbers_and_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = WrittenPictures("confusion", trainer_in(tmp_path))
    table = written.path("novel", "all", ".csv")
    table.write_text("a,b\n")
    path = written.add("novel", "all", title="t", alt="a", numbers={"n": 3}, figure=Figure(), further={"table": table})
    assert path == tmp_path / "pictures" / "confusion" / "novel" / "all.png"
    assert path.read_bytes().startswith(b"\x89PNG")
    assert json.loads(path.with_suffix(".json").read_text()) == {"n": 3}
    assert read_pictures(tmp_path) == []  # not before the end
    written.finish()
    stem = "confusion/novel/all"
    files = {"picture": f"{stem}.png", "numbers": f"{stem}.json", "table": f"{stem}.csv"}
    assert read_pictures(tmp_path) == [Picture("confusion", "test", "novel", "t", "a", files)]
    assert capsys.readouterr().out.startswith("wrote 1 picture into ")


def test_numbers_may_have_no_picture(tmp_path: Path) -> None:
    written = WrittenPictures("confusion", trainer_in(tmp_path))
    path = written.add("novel", "all", title="t", alt="a", numbers={})
    assert path.name == "all.json"
    (picture,) = written.finish()
    assert list(picture.files) == ["numbers"]


def test_pictures_of_all_processes_are_listed_and_logged_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    logged: dict[str, tuple[list[str], list[str]]] = {}
    monkeypatch.setattr(
        WandbLogger, "log_image", lambda self, key, images, caption: logged.update({key: (images, caption)})
    )
    monkeypatch.setattr(WandbLogger, "experiment", MagicMock())
    other = Picture("mistakes", "test", "base", "of another", "alt", {"picture": "mistakes/base/1.png"})
    monkeypatch.setattr(
        written_pictures, "gather_from_all", lambda value, trainer: [value, ([("1", other)], ["novel: gone.mp4"])]
    )
    written = WrittenPictures("mistakes", trainer_in(tmp_path, logger=WandbLogger(offline=True, save_dir=tmp_path)))
    paths = [add(written, set_name, stem) for set_name, stem in (("base", "2"), ("novel", "0"), ("base", "0"))]
    pictures = written.finish(of=5, undecodable=["base: broken.mp4"])
    assert [picture.title for picture in pictures] == ["title 0", "of another", "title 2", "title 0"]
    other_path = tmp_path / "pictures/mistakes/base/1.png"
    assert logged == {
        "mistakes/base/1": ([str(paths[2])], ["title 0"]),
        "mistakes/base/2": ([str(other_path)], ["of another"]),
        "mistakes/base/3": ([str(paths[0])], ["title 2"]),
        "mistakes/novel": ([str(paths[1])], ["title 0"]),
    }
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("wrote 4 of 5 pictures into ")
    assert said[1:] == [
        "no picture, it could not be decoded: base: broken.mp4",
        "no picture, it could not be decoded: novel: gone.mp4",
    ]


def test_callbacks_of_one_kind_replace_only_what_begins_with_their_word(tmp_path: Path) -> None:
    trainer = trainer_in(tmp_path)
    for stem in ("videos_pca", "frames_pca"):
        written = WrittenPictures("embedding_map", trainer, first_word=stem)
        add(written, "novel", stem)
        written.finish()
    again = WrittenPictures("embedding_map", trainer, first_word="videos_pca")
    add(again, "base", "videos_pca")
    again.finish()
    stems = [Path(picture.files["picture"]).stem for picture in read_pictures(tmp_path)]
    assert stems == ["frames_pca", "videos_pca"]
    assert not (tmp_path / "pictures" / "embedding_map" / "novel" / "videos_pca.png").exists()
    assert (tmp_path / "pictures" / "embedding_map" / "novel" / "frames_pca.png").exists()
