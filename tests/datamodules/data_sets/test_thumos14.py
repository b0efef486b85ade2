from pathlib import Path

import pytest

from tests.makers.miniatures import make_thumos14
from zsar.datamodules.class_identity import clean_name
from zsar.datamodules.data_sets.thumos14 import THUMOS14


@pytest.mark.parametrize(("subset", "official"), [("train", "validation"), ("test", "test")])
def test_every_annotated_instance_is_a_clip(tmp_path: Path, subset: str, official: str) -> None:
    truth = make_thumos14(tmp_path)
    module = THUMOS14(data_root=tmp_path)
    table = module.list_videos(subset)  # type: ignore[arg-type]
    assert table.segments_seconds is not None
    rows = {
        (table[i].path.stem, module.class_names[table.labels[i]], *table.segments_seconds[i].tolist())
        for i in range(len(table))
    }
    expected = truth.instances[official]
    assert rows == {(i.stem, clean_name(i.class_name), i.start_seconds, i.end_seconds) for i in expected}


def test_a_cliff_dive_that_is_annotated_as_a_dive_too_is_counted_once(tmp_path: Path) -> None:
    make_thumos14(tmp_path)
    folder = tmp_path / "thumos14/TH14_Temporal_annotations_test/annotation"
    video = next((tmp_path / "thumos14/test").glob("*.mp4")).stem
    (folder / "CliffDiving_test.txt").write_text(f"{video}  0.10 0.40\n")
    (folder / "Diving_test.txt").write_text(f"{video}  0.10 0.40\n{video}  0.60 0.90\n")
    module = THUMOS14(data_root=tmp_path)
    table = module.list_videos("test")
    names = {table.key(i): module.class_names[table.labels[i]] for i in range(len(table))}
    assert names[f"{video}@0.10-0.40"] == "cliff diving"
    assert names[f"{video}@0.60-0.90"] == "diving"
    assert len(names) == len(table)
