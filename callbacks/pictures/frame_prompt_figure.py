"""The picture of a video's frame-prompt scores: frames, their best prompts below, and shares of groups on the right."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from zsar.callbacks.pictures.figures import linspace_indices

_MOST_FRAMES = 8
_COLOURS = ("tab:blue", "tab:orange", "tab:green", "tab:purple", "tab:brown", "tab:pink")
_COLUMN, _PANEL, _MARGIN = 2.35, 3.3, 0.2  # widths in inches
_LETTERS, _LINES = 32, 5  # maximum for a prompt in a column
_LINE, _BAR = 0.15, 0.17  # heights in inches of a line of text and of a bar


def draw_frame_prompt_scores(content: dict[str, Any], frames: Tensor) -> Figure:
    """Draws the scores of one video.

    Args:
        content: The content of the video's JSON file (`FramePromptScores`).
        frames: The frames of its first view, uint8 [T, 3, H, W], at most eight are shown.

    Returns:
        The figure: frames on top, below each its best prompts of the predicted and the true class, shares of groups
        and attributes on the right.
    """
    shown = sorted(linspace_indices(_MOST_FRAMES, len(frames)))
    roles = ["predicted"] if content["correct"] else ["predicted", "true"]
    colours = dict(zip(content["groups"] or [], _COLOURS, strict=False))
    bodies = {role: _prompt_texts(content[role], shown) for role in roles}
    slots = {
        role: 0.16 + _BAR + _LINE * max(len(lines) for of_frame in texts for lines in of_frame)
        for role, texts in bodies.items()
    }
    n_best = len(content["predicted"]["frames"][0]["best"])
    least = 0.22 * (len(content["predicted"]["attribute_shares"]) + len(colours)) if colours else 0.0
    heights = {role: max(n_best * slots[role], least) for role in roles}
    width = 2 * _MARGIN + max(len(shown), 2) * _COLUMN + (_PANEL if colours else 0)
    figure = Figure(figsize=(width, 1.15 + _COLUMN + sum(heights.values()) + 0.65 * len(roles)))
    page = _Page(figure)
    page.title(content)
    for column, index in enumerate(shown):
        axes = page.axes(_MARGIN + column * _COLUMN, 0.95, _COLUMN - 0.15, _COLUMN - 0.15)
        axes.imshow(frames[index].permute(1, 2, 0).numpy())
        axes.set_title(f"frame {index + 1} of {len(frames)}", fontsize=9, pad=3)
    top = 0.95 + _COLUMN
    for role in roles:
        page.heading(_MARGIN, top, content, role)
        height = n_best * slots[role]
        for column, index in enumerate(shown):
            axes = page.axes(_MARGIN + column * _COLUMN, top + 0.5, _COLUMN - 0.15, height)
            best, texts = content[role]["frames"][index]["best"], bodies[role][column]
            _draw_prompts(axes, best, texts, height, _range(content), colours)
        if colours:
            panel = page.axes(width - _PANEL + 1.35, top + 0.5, _PANEL - 1.95, heights[role])
            _draw_shares(panel, content[role], colours)
        top += 0.65 + heights[role]
    return figure


class _Page:
    """A figure with parts placed in inches from its upper left corner."""

    def __init__(self, figure: Figure) -> None:
        self._figure = figure
        self._width, self._height = figure.get_size_inches().tolist()

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        place = (x / self._width, 1 - (y + height) / self._height, width / self._width, height / self._height)
        axes = self._figure.add_axes(place)
        axes.set_axis_off()
        return axes

    def text(self, x: float, y: float, text: str, *, size: float, colour: str = "black", bold: bool = False) -> None:
        """Draws text at its upper left corner, cut at the edge of the page; `$` is a dollar sign."""
        letters = int((self._width - x - _MARGIN) * 72 / (size * (0.6 if bold else 0.55)))
        shortened = text if len(text) <= letters else f"{text[: letters - 1]}…"
        place = (x / self._width, 1 - y / self._height)
        weight = "bold" if bold else "normal"
        self._figure.text(*place, shortened, fontsize=size, color=colour, fontweight=weight, va="top", parse_math=False)

    def title(self, content: dict[str, Any]) -> None:
        true, predicted = (content[role]["class"] for role in ("true", "predicted"))
        colour = "tab:green" if content["correct"] else "tab:red"
        self.text(_MARGIN, 0.12, f"true: {true}    predicted: {predicted}", size=14, colour=colour, bold=True)
        n = content["n_views"] * content["n_frames_per_view"]
        seen = (
            f"view 1 of {content['n_views']}; shares are of all {n} frames" if content["n_views"] > 1 else f"{n} frames"
        )
        self.text(_MARGIN, 0.42, f"{content['set']}: {content['video']} ({seen})", size=9, colour="dimgray")

    def heading(self, x: float, y: float, content: dict[str, Any], role: str) -> None:
        of_class = content[role]
        heading = "predicted and true" if content["correct"] else role
        colour = "tab:green" if content["correct"] or role == "true" else "tab:red"
        numbers = f"probability {of_class['probability']:.2f}, v2t {of_class['v2t']:.3f}, t2v {of_class['t2v']:.3f}"
        self.text(x, y, f"{heading}: {of_class['class']} ({numbers})", size=11, colour=colour, bold=True)
        lead = _lead(of_class)
        before = f"; each prompt begins with “{lead.strip()}”" if lead else ""
        self.text(
            x, y + 0.22, f"cosine similarity of each frame and its best prompts{before}", size=9, colour="dimgray"
        )


def _draw_prompts(
    axes: Axes,
    best: Sequence[dict[str, Any]],
    texts: Sequence[list[str]],
    height: float,
    limits: tuple[float, float],
    colours: dict[str, str],
) -> None:
    """Draws score bars, on one scale in the whole picture, each with its prompt below; `height` is in inches."""
    slot = height / len(best)
    length = limits[1] - limits[0]
    axes.set_xlim(limits[0], limits[1] + 0.25 * length)
    axes.set_ylim(len(best), 0)
    for row, (prompt, lines) in enumerate(zip(best, texts, strict=True)):
        colour = colours.get(prompt.get("group", ""), "tab:gray")
        axes.barh(row + _BAR / 2 / slot, prompt["score"], _BAR / slot, color=colour)
        axes.text(
            max(prompt["score"], 0) + 0.03 * length,
            row + _BAR / 2 / slot,
            f"{prompt['score']:.3f}",
            fontsize=8,
            va="center",
        )
        axes.text(
            0,
            1 - (row + (_BAR + 0.03) / slot) / len(best),
            "\n".join(lines),
            transform=axes.transAxes,
            fontsize=8.5,
            va="top",
            linespacing=1.15,
            parse_math=False,
        )


def _draw_shares(axes: Axes, of_class: dict[str, Any], colours: dict[str, str]) -> None:
    """Draws share bars: each group in full colour, its attributes below in a paler one."""
    group_of = {prompt["attribute"]: prompt["group"] for prompt in of_class["prompts"]}
    rows: list[tuple[str, float, str, bool]] = []
    for group, share in of_class["group_shares"].items():
        rows.append((group, share, colours.get(group, "tab:gray"), True))
        of_group = [(a, s) for a, s in of_class["attribute_shares"].items() if group_of[a] == group]
        rows += [(a.replace("_", " "), s, colours.get(group, "tab:gray"), False) for a, s in of_group]
    axes.set_xlim(0, 1)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_title("share of the frames whose best\nprompt is of a group or attribute", fontsize=8, loc="right")
    for row, (name, share, colour, is_group) in enumerate(rows):
        weight, size = ("bold", 9) if is_group else ("normal", 8)
        axes.barh(row, share, 0.75 if is_group else 0.5, color=colour, alpha=1.0 if is_group else 0.5)
        axes.text(-0.03, row, name, ha="right", va="center", fontsize=size, fontweight=weight, color=colour)
        axes.text(share + 0.03, row, f"{100 * share:.0f} %", va="center", fontsize=size, fontweight=weight)


def _prompt_texts(of_class: dict[str, Any], shown: Sequence[int]) -> list[list[list[str]]]:
    """The lines to print for each shown frame and each of its best prompts: attribute and wrapped text."""
    start = len(_lead(of_class))
    texts = []
    for index in shown:
        best = of_class["frames"][index]["best"]
        named = [f"[{p['attribute'].replace('_', ' ')}] " if "attribute" in p else "" for p in best]
        full = [name + p["prompt"][start:] for name, p in zip(named, best, strict=True)]
        texts.append([textwrap.wrap(t, _LETTERS, max_lines=_LINES, placeholder=" …") or [""] for t in full])
    return texts


def _lead(of_class: dict[str, Any]) -> str:
    """The sentence with which all prompts of a class begin; empty if there is none."""
    prompts = [prompt["prompt"] for prompt in of_class["prompts"]]
    if len(prompts) == 1:
        return ""
    pairs = zip(min(prompts), max(prompts), strict=False)  # the common beginning of these two is common to all
    common = "".join(a for a, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return common[: common.rfind(". ") + 2] if ". " in common else ""


def _range(content: dict[str, Any]) -> tuple[float, float]:
    """The range of all bars of a picture: from 0, or the lowest score if negative, to the highest."""
    scores = [p["score"] for role in ("predicted", "true") for f in content[role]["frames"] for p in f["best"]]
    return min(0.0, *scores), max(1e-3, *scores)
