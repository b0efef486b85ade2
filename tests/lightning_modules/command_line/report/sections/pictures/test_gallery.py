from pathlib import Path

from tests.makers.report.pictured_runs import add_pictures, image_bytes, picture_of
from tests.makers.results.run_folders import HOSTILE, PageElements
from zsar.lightning_modules.command_line.report.reported_run import read_reported_run
from zsar.lightning_modules.command_line.report.sections.pictures.gallery import section

MP4 = b"\0\0\0\x18ftypisom" + bytes(100)


def test_pictures_have_words_for_those_who_do_not_see_them(tmp_path: Path) -> None:
    picture = picture_of("attention", HOSTILE, alt=f"red is where it looks {HOSTILE}", set_name=HOSTILE)
    add_pictures(tmp_path, "attention", [(picture, {})])
    picture = picture_of("attention", HOSTILE, alt=f"red is where it looks {HOSTILE}")
    add_pictures(tmp_path, "attention", [(picture, {"picture": image_bytes(), "video": MP4})])
    made = section([read_reported_run(tmp_path, "a")])
    assert made is not None
    elements = PageElements(made.html)
    assert elements.tags.count("img") == 1
    assert elements.tags.count("video") == 1
    assert "script" not in elements.tags
    assert ("alt", f"red is where it looks {HOSTILE}".replace("\u202e", "\\u202e")) in elements.attributes
    assert "Attention maps" in elements.text
    assert "pictures/attention/test/000.png" in elements.text
    assert made.summary == "Written by callbacks in the test: Attention maps 1."


def test_the_same_picture_of_several_runs_stands_side_by_side(tmp_path: Path) -> None:
    for name in ("a", "b"):
        add_pictures(
            tmp_path / name, "attention", [(picture_of("attention", t), {"picture": image_bytes()}) for t in "xy"]
        )
    made = section([read_reported_run(tmp_path / name, f"run {name}") for name in ("a", "b")])
    assert made is not None
    captions = PageElements(made.html).text.split("·")
    order = [part.split()[-1] for part in captions if part.rstrip().endswith(("a", "b"))]
    assert order == ["a", "b", "a", "b"]


def test_many_pictures_are_folded_and_a_wide_one_has_its_row(tmp_path: Path) -> None:
    entries = [(picture_of("x_ray", f"{i}"), {"picture": image_bytes(200, 20)}) for i in range(9)]
    add_pictures(tmp_path, "x_ray", entries)
    made = section([read_reported_run(tmp_path, "a")])
    assert made is not None
    assert "<summary>3 more</summary>" in made.html
    assert made.html.count('class="picture wide"') == 9
    assert "X ray" in made.html


def test_what_cannot_be_shown_is_listed(tmp_path: Path) -> None:
    add_pictures(tmp_path, "attention", [(picture_of("attention"), {"picture": b"no picture"})])
    run = read_reported_run(tmp_path, "a")
    made = section([run])
    assert made is not None
    assert len(run.problems) == 1
    assert "<summary>1 file is not in this page</summary>" in made.html
    assert "img" not in PageElements(made.html).tags


def test_none_without_pictures_or_with_those_of_other_sections(tmp_path: Path) -> None:
    assert section([read_reported_run(tmp_path, "a")]) is None
    add_pictures(tmp_path, "confusion", [(picture_of("confusion"), {"picture": image_bytes()})])
    assert section([read_reported_run(tmp_path, "a")]) is None
