from pathlib import Path

import pytest

from zsar.datamodules.class_text.ez_clip_texts import read_ez_clip_texts

HEADER = "SNo,Class Name,GPT3 discription\n"


def table(folder: Path, rows: str, header: str = HEADER) -> Path:
    (path := folder / "HMDB.csv").write_text(header + rows, encoding="utf-8")
    return path


def test_texts_are_put_into_one_line_by_class(tmp_path: Path) -> None:
    rows = '1,brush_hair,"\n\nBrushing,  with a ""brush"".\nAgain."\n2,ApplyEyeMakeup,Made up.\n'
    assert read_ez_clip_texts(table(tmp_path, rows)) == {
        "brush_hair": 'Brushing, with a "brush". Again.',
        "ApplyEyeMakeup": "Made up.",
    }


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ('1,a,"x\ny"\n2,b,z\n3,A,w\n', ":5: the class 'A' is also described in line 2; keep one of the two rows"),
        ("1,a,\n", ":2: no GPT3 discription; each row needs Class Name,GPT3 discription"),
        ("1,,x\n", ":2: no Class Name; each row needs"),
        ("1,a,x, y\n", ":2: 4 cells, but the header names 3 .*put quotes around a cell"),
        ('1,a,"x\n2,b,y\n', ":2: .*quote"),
    ],
)
def test_errors_name_file_and_line(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(ValueError, match=rf"HMDB\.csv{message}"):
        read_ez_clip_texts(table(tmp_path, rows))


def test_another_table_is_told_from_such_a_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"HMDB\.csv:1: no column Class Name, GPT3 discription; the first line of the"):
        read_ez_clip_texts(table(tmp_path, "0,run\n", header="id,name\n"))
