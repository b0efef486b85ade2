import unicodedata
from pathlib import Path

import pytest

from zsar.runtime.text.text_tables import ListFileError, listed_path, read_lines, read_table


def written(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def cells(path: Path) -> list[tuple[int, str, str]]:
    return [(row.number, row["path"], row.name("label")) for row in read_table(path, "list", columns=("path", "label"))]


@pytest.mark.parametrize(
    "text",
    [
        "path,label\na  1.mp4,brush hair\n",
        "\ufeffpath,label\r\na  1.mp4,brush hair\r\n",
        "path,label\ra  1.mp4,brush hair\r",
        " path , label\n a  1.mp4 , brush  hair \n",
        '"path","label"\n"a  1.mp4", "brush\thair"\n',
        "path,label,\na  1.mp4,brush hair,,\n\n ,,\n",
        "path,label\na  1.mp4,\u00a0brush\u00a0hair\u200b",
    ],
)
def test_the_same_table_is_read_however_it_is_written(tmp_path: Path, text: str) -> None:
    assert cells(written(tmp_path / "t.csv", text)) == [(2, "a  1.mp4", "brush hair")]


def test_lines_are_those_of_the_file_and_columns_have_any_order(tmp_path: Path) -> None:
    text = '\n\nlabel,more,path\n\n"Lifting one end, then ""drop""",x,1.mp4\n#selfie,,2.mp4\n'
    assert cells(written(tmp_path / "t.csv", text)) == [
        (5, "1.mp4", 'Lifting one end, then "drop"'),
        (6, "2.mp4", "#selfie"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"t\.csv: is empty, but the first line of the list must name path,label"),
        ("\n \n", r"t\.csv: is empty"),
        ("a.mp4,run\n", r"t\.csv:1: no column path, label; the first line of the list must name path,label"),
        ("path,Label\n", r"t\.csv:1: no column label \(did you mean label by Label\?\)"),
        ("path;label\na;b\n", r"t\.csv:1: the cells are separated by semicolons; save the list with commas"),
        ("path\tlabel\na\tb\n", r"t\.csv:1: the cells are separated by tabs"),
        ("path,label,path\n", r"t\.csv:1: the column 'path' occurs twice"),
        (",path,label\n0,a,b\n", r"t\.csv:1: column 1 has no name"),
        ("path,label\na,b,c\n", r"t\.csv:2: 3 cells, but the header names 2 \(path,label\); put quotes around"),
        ("path,label\n\na\n", r"t\.csv:3: no label; each row needs path,label"),
        ("path,label\na, \u200b\n", r"t\.csv:2: no label"),
        ('path,label\na,b\na,"run\nb,jump\n', r"t\.csv:3: the quote in '\"run' does not close on its line"),
        ('path,label\na,5" pipe\n', r"t\.csv:2: a quote within a cell that is not quoted"),
        ("path,label\na,x\u200by\n", r"t\.csv:2: .* holds the invisible character U\+200B"),
    ],
)
def test_a_table_that_cannot_be_read_exactly_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ListFileError, match=message):
        cells(written(tmp_path / "t.csv", text))


def test_numbers_are_plain_and_in_range(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", "n,t\n7,1.5\n1000000001,nan\n²,1e10\n-1,-1\n")
    good, *bad = read_table(path, "list", columns=("n",), optional=("t", "u"))
    assert (good.whole_number("n"), good.seconds("t"), good["u"]) == (7, 1.5, "")
    for row in bad:
        with pytest.raises(
            ListFileError, match=rf"t\.csv:{row.number}: n is .*, not a whole number from 0 to 10000000"
        ):
            row.whole_number("n")
        with pytest.raises(ListFileError, match=rf"t\.csv:{row.number}: t is .*, not a time in seconds"):
            row.seconds("t")


def test_cells_of_several_lines_are_read_only_in_tables_that_zsar_wrote(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", 'path\n"a\nb"\nc\n')
    assert [(row.number, row["path"]) for row in read_table(path, "list", columns=("path",), by_zsar=True)] == [
        (2, "a\nb"),
        (4, "c"),
    ]
    with pytest.raises(ListFileError, match=r"t\.csv:2: the quote"):
        read_table(path, "list", columns=("path",))


def test_lists_skip_blank_lines_and_comments_where_they_have_any(tmp_path: Path) -> None:
    path = written(
        tmp_path / "l.txt", "\ufeff# a comment\r\n\r\n  brush  hair\u00a0\n #437_ride.avi 3\rc #4\n\u2028\nx\u2028y"
    )
    lines = read_lines(path, "list")
    assert [(line.number, line.text) for line in lines] == [(3, "brush  hair"), (5, "c #4"), (7, "x\u2028y")]
    assert [line.name for line in lines] == ["brush hair", "c #4", "x y"]
    published = read_lines(path, "list", comments=False)
    assert [line.text for line in published][:3] == ["# a comment", "brush  hair", "#437_ride.avi 3"]
    assert str(published[1].fault("why")) == f"{path}:3: why"


def test_a_listed_path_is_found_in_either_unicode_form(tmp_path: Path) -> None:
    composed, decomposed = (unicodedata.normalize(form, "café.mp4") for form in ("NFC", "NFD"))
    (tmp_path / composed).touch()
    assert listed_path(tmp_path, decomposed) == composed
    assert listed_path(tmp_path, composed) == composed
    assert listed_path(tmp_path, "thé.mp4") == "thé.mp4"
    (tmp_path / decomposed).touch()
    assert listed_path(tmp_path, decomposed) == decomposed


def test_cells_may_have_several_lines_only_where_a_reader_says_so(tmp_path: Path) -> None:
    (path := tmp_path / "t.csv").write_text('id,name\n0,"one\ntwo \\u0041"\n1,b\n')
    rows = read_table(path, "label file", columns=("id", "name"), line_breaks=True)
    assert [(row.number, row["name"]) for row in rows] == [(2, "one\ntwo \\u0041"), (4, "b")]
    with pytest.raises(ListFileError, match=":2: .*quote"):
        read_table(path, "label file", columns=("id", "name"))
