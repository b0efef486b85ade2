"""Pictures that callbacks wrote: attention maps, embedding maps, scores of frames and prompts, and any further kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from zsar.lightning_modules.command_line.report.rendering import render
from zsar.lightning_modules.command_line.report.reported_run import ReportedRun
from zsar.lightning_modules.command_line.report.section import Section
from zsar.lightning_modules.command_line.report.sections.blocks import folded, heading, joined, list_of, note
from zsar.lightning_modules.command_line.report.sections.pictures.embedded_media import Media, MediaBudget
from zsar.lightning_modules.run_folders.picture_files import PICTURES, Picture

_KINDS = {
    "attention": "Attention maps",
    "embedding_map": "Maps of embeddings",
    "frame_prompt_scores": "Scores of frames and prompts",
}
_MOST_OPEN = 6  # pictures of a kind; the others are folded
_WIDE = 2.2  # width in heights, from which on a picture has a row of its own
_ELSEWHERE = ("confusion", "calibration", "mistakes", "timelines", "detection_errors")  # sections of their own


@dataclass(frozen=True)
class _Shown:
    image: Media | None
    video: Media | None
    alt: str
    title: str
    set_name: str
    run: str
    file: str

    @property
    def is_wide(self) -> bool:
        """Whether it is read best over the whole width."""
        return self.image is not None and self.image.width >= _WIDE * self.image.height


def section(runs: Sequence[ReportedRun]) -> Section | None:
    """The section; None without such pictures.

    Args:
        runs: The runs of the page; pictures of the same title stand side by side.
    """
    found = [(run, picture) for run in runs for picture in run.pictures if picture.kind not in _ELSEWHERE]
    if not found:
        return None
    budget = MediaBudget()
    pieces: list[Markup] = []
    counts: dict[str, int] = {}
    for kind in sorted({picture.kind for _, picture in found}, key=_place):
        of_kind = [(run, picture) for run, picture in found if picture.kind == kind]
        places = {key: place for place, key in enumerate(dict.fromkeys(_key(picture) for _, picture in of_kind))}
        of_kind.sort(key=lambda pair: places[_key(pair[1])])
        shown = [_shown(run, picture, budget, named=len(runs) > 1) for run, picture in of_kind]
        usable = [each for each in shown if each.image is not None or each.video is not None]
        pieces += [heading(_name(kind)), render("sections/gallery.html", {"pictures": usable[:_MOST_OPEN]})]
        if more := usable[_MOST_OPEN:]:
            pieces.append(folded(f"{len(more)} more", render("sections/gallery.html", {"pictures": more})))
        counts[_name(kind)] = len(usable)
    pieces += left_out_of(budget)
    runs[0].problems.extend(budget.damaged)
    said = ", ".join(f"{name} {n}" for name, n in counts.items())
    return Section("pictures", "Pictures", joined(pieces), f"Written by callbacks in the test: {said}.")


def left_out_of(budget: MediaBudget) -> list[Markup]:
    """A note on the files that a section does not show; nothing if it shows all.

    Args:
        budget: That of the section, after all files were asked for.
    """
    n = len(budget.left_out)
    if not n:
        return []
    files = "file is" if n == 1 else "files are"
    return [
        folded(f"{n} {files} not in this page", joined([list_of(budget.left_out), note("They are in the run folder.")]))
    ]


def _shown(run: ReportedRun, picture: Picture, budget: MediaBudget, *, named: bool) -> _Shown:
    image, video = (_path(run, picture, role) for role in ("picture", "video"))
    return _Shown(
        image=None if image is None else budget.picture(image),
        video=None if video is None else budget.video(video),
        alt=picture.alt,
        title=picture.title,
        set_name=picture.set_name,
        run=run.name if named else "",
        file=f"{PICTURES}/{next(iter(picture.files.values()), '')}",
    )


def _path(run: ReportedRun, picture: Picture, role: str) -> Path | None:
    return picture.path(run.folder, role)


def _key(picture: Picture) -> tuple[str, str, str]:
    return picture.stage, picture.set_name, picture.title


def _name(kind: str) -> str:
    return _KINDS.get(kind, kind.replace("_", " ").capitalize())


def _place(kind: str) -> tuple[int, str]:
    known = list(_KINDS)
    return (known.index(kind) if kind in known else len(known)), kind
