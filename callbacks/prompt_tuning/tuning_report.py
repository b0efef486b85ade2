"""Reports the effects of tuning on a set of videos: counts, entropies and seconds, and their table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from rich.table import Table
from torch import Tensor

from zsar.callbacks.prompt_tuning.confident_entropy import entropy
from zsar.runtime.terminal import print_whole, result_console

_CAPTION = (
    "untuned: top-1 before tuning; by views: top-1 of the averaged confident views, before tuning; flips: made right / "
    "wrong by tuning; seconds per video"
)


@dataclass
class TuningTotals:
    """Sums over the decoded videos of a set.

    Attributes:
        n: Videos.
        n_labelled: Videos with a known class; the next five count among these.
        right_before: Right with the untuned prompt, the same views and the same ensemble.
        right_by_views: Right by the mean prediction of the confident views, with the untuned prompt.
        right_after: Right with the tuned prompt.
        flipped_right: Wrong before, right after.
        flipped_wrong: Right before, wrong after.
        not_tuned: Videos left with the untuned prediction because a step gave NaN or infinity.
        entropy_before: Entropy of the predictions in nats.
        entropy_after: Entropy of the predictions after tuning, in nats.
        view_seconds: Time to make the views; in data loader workers, in parallel to the rest.
        encoding_seconds: Time to embed the views.
        tuning_seconds: Time to tune, and to score with the tuned prompts.
    """

    n: int = 0
    n_labelled: int = 0
    right_before: int = 0
    right_by_views: int = 0
    right_after: int = 0
    flipped_right: int = 0
    flipped_wrong: int = 0
    not_tuned: int = 0
    entropy_before: float = 0.0
    entropy_after: float = 0.0
    view_seconds: float = 0.0
    encoding_seconds: float = 0.0
    tuning_seconds: float = 0.0

    def count(
        self, before: Tensor, by_views: Tensor, after: Tensor, labels: Tensor, *, decoded: Tensor, not_tuned: Tensor
    ) -> None:
        """Counts the predictions of a batch.

        Args:
            before: Logits of the untuned prompt, [B, C].
            by_views: Logits of the averaged confident views, untuned, [B, C].
            after: Logits of the tuned prompt, [B, C].
            labels: int64 [B]; -1 if the class is unknown.
            decoded: bool [B], false for videos not to count.
            not_tuned: bool [B].
        """
        known = decoded & (labels >= 0)
        was_right, right_by_views, is_right = (
            (logits.argmax(dim=1) == labels) & known for logits in (before, by_views, after)
        )
        self.n += int(decoded.sum())
        self.n_labelled += int(known.sum())
        self.right_before += int(was_right.sum())
        self.right_by_views += int(right_by_views.sum())
        self.right_after += int(is_right.sum())
        self.flipped_right += int((is_right & ~was_right).sum())
        self.flipped_wrong += int((was_right & ~is_right).sum())
        self.not_tuned += int((not_tuned & decoded).sum())
        finite = decoded & before.isfinite().all(dim=1) & after.isfinite().all(dim=1)
        self.entropy_before += float(entropy(before[finite].float().log_softmax(dim=1)).sum())
        self.entropy_after += float(entropy(after[finite].float().log_softmax(dim=1)).sum())

    def add(self, other: TuningTotals) -> None:
        """Adds the sums of another process."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))

    @property
    def gain(self) -> float:
        """Tuned minus untuned top-1, in percentage points of the videos seen so far."""
        return 100 * (self.right_after - self.right_before) / max(self.n_labelled, 1)

    def metrics(self) -> dict[str, float]:
        """The values for logs and results.json: top-1 in percent, counts, means per video."""
        n, n_labelled = max(self.n, 1), max(self.n_labelled, 1)
        return {
            "untuned_top1": 100 * self.right_before / n_labelled,
            "views_top1": 100 * self.right_by_views / n_labelled,
            "tuned_top1": 100 * self.right_after / n_labelled,
            "flipped_right": float(self.flipped_right),
            "flipped_wrong": float(self.flipped_wrong),
            "not_tuned": float(self.not_tuned),
            "entropy_before": self.entropy_before / n,
            "entropy_after": self.entropy_after / n,
            "view_seconds": self.view_seconds / n,
            "encoding_seconds": self.encoding_seconds / n,
            "tuning_seconds": self.tuning_seconds / n,
        }


def gathered_totals(everyone: Sequence[Mapping[str, TuningTotals]]) -> dict[str, TuningTotals]:
    """The sums over all processes.

    Args:
        everyone: Those of each process, by name of the set.
    """
    sums = {name: TuningTotals() for of_process in everyone for name in of_process}
    for of_process in everyone:
        for name, totals in of_process.items():
            sums[name].add(totals)
    return sums


def print_report(method: str, sets: Mapping[str, TuningTotals], *, caption: str = _CAPTION) -> None:
    """Prints the table of all sets.

    Args:
        method: The name of the method.
        sets: {set name: sums over all processes}.
        caption: What the columns mean.
    """
    columns = ("untuned %", "by views %", "tuned %", "flips", "entropy, nats", "not tuned")
    table = Table(method, *columns, "views, s", "encoding, s", "tuning, s", caption=caption, caption_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, totals in sets.items():
        metrics = totals.metrics()
        flips = f"{totals.flipped_right} / {totals.flipped_wrong}"
        known = [*(f"{metrics[key]:.1f}" for key in ("untuned_top1", "views_top1", "tuned_top1")), flips]
        entropies = f"{metrics['entropy_before']:.2f} -> {metrics['entropy_after']:.2f}"
        seconds = [_in_words(metrics[key]) for key in ("view_seconds", "encoding_seconds", "tuning_seconds")]
        table.add_row(name, *(known if totals.n_labelled else [""] * 4), entropies, str(totals.not_tuned), *seconds)
    print_whole(result_console(), table)


def _in_words(seconds: float) -> str:
    """Three places, and one digit of what has none there: a memory takes some microseconds a video."""
    return f"{seconds:.1g}" if 0 < seconds < 0.0005 else f"{seconds:.3f}"
