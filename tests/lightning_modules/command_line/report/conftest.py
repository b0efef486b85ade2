from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.makers.report.browsers import browser_without_a_window
from tests.makers.report.pictured_runs import (
    add_pictures,
    as_json,
    base_to_novel_run,
    image_bytes,
    localizer_run,
    mistake,
    picture_of,
)
from tests.makers.results.recognition_results import adaptation, write_result
from tests.makers.results.run_folders import HOSTILE, write_log
from zsar.lightning_modules.command_line.report.written_report import write_report

NAMES = (
    "<script>alert(1)</script>",
    "riding or walking with a horse in a field beside a very long river without any bridge",
    "打篮球" * 12,
    HOSTILE,
    "run",
    "jump",
    "w" * 90,
    "x <b>y</b>",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests of a process."""
    with browser_without_a_window() as started:
        yield started


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of each kind of run, with names that are hard to show."""
    root = tmp_path_factory.mktemp("pages")
    recognition = base_to_novel_run(root / f"recognition {HOSTILE[:40].replace('/', '')}", NAMES, n=240)
    clip = image_bytes(kind="WEBP", n_frames=3)
    mistakes = [
        (
            picture_of("mistakes", str(i), set_name="base"),
            {"numbers": as_json(mistake("wrong", i, NAMES[i], NAMES[-1 - i])), "clip": clip},
        )
        for i in range(8)
    ]
    add_pictures(recognition, "mistakes", mistakes)
    attention = [(picture_of("attention", name), {"picture": image_bytes(900, 300)}) for name in NAMES]
    square = (picture_of("attention", "square"), {"picture": image_bytes(500, 500)})
    add_pictures(recognition, "attention", [square, *attention])
    write_log(recognition)
    other = base_to_novel_run(root / "other", NAMES, n=240, share=0.4)
    adapted = write_result(root / "adapted", {"clean": 50.0, "fog": 40.0}, adapted=adaptation("TPT"))
    localizers = [localizer_run(root / name, shift=shift) for name, shift in (("t3al", 0.0), ("oracle", 1.0))]
    folders = {
        "recognition": [recognition],
        "several": [recognition, other, adapted],
        "adapted": [adapted],
        "localization": localizers[:1],
        "localizations": localizers,
        "training": [write_log(root / "training")],
    }
    return {name: write_report(of_page, root / f"{name}.html") for name, of_page in folders.items()}
