"""Calibration: whether a model's probabilities can be trusted, and which threshold "none of these" needs."""

from __future__ import annotations

from collections.abc import Mapping

from lightning.pytorch import LightningModule, Trainer
from rich.table import Table

from zsar.callbacks.pictures.errors.calibrated_set import CalibratedSet, calibrated, calibration_content
from zsar.callbacks.pictures.errors.calibration_figure import draw_calibration
from zsar.callbacks.pictures.tested_videos import TestedPictures, TestedSet
from zsar.callbacks.pictures.written_pictures import WrittenPictures
from zsar.runtime.terminal import print_whole, result_console, say


class Calibration(TestedPictures):
    """Writes `RUN_DIR/pictures/calibration/SET/calibration.png` and `.json` of each set in `zsar test`.

    Reliability with the number of videos of each bin, the expected calibration error (15 bins, L1 norm), risk against
    coverage, and the thresholds for some shares of wrong answers, with what they do to the other sets of the test.
    Videos that could not be decoded have no probability and are left out.

    Reliability is that of the probability among the classes (softmax). Thresholds are those of what `zsar classify`
    compares them with: of a model with a logit bias, the own probability of the most probable class. Where several
    views or prompts are averaged and that class is below a threshold, `zsar classify` names another one that reaches
    it, if there is one; such answers are counted as "none of these" here.
    """

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the pictures and prints what thresholds do."""
        gathered = self.tested.gathered(trainer)
        written = WrittenPictures("calibration", trainer)
        if trainer.is_global_zero:
            tables = trainer.datamodule.sets  # type: ignore[attr-defined]
            sets = {}
            for name, tested in gathered.items():
                if len(tested.decoded):
                    sets[name] = _calibrated(tested, n_listed=len(tables[name]))
                else:
                    say(f"no calibration of {name}: none of its {len(tables[name]):,} videos has a prediction")
            for one in sets.values():
                _write(one, sets, written)
            _print(sets)
        written.finish()


def _calibrated(tested: TestedSet, *, n_listed: int) -> CalibratedSet:
    decoded = tested.decoded
    return calibrated(
        tested.confidences[decoded].numpy(),
        tested.correct[decoded].numpy(),
        own=None if tested.own_confidences is None else tested.own_confidences[decoded].numpy(),
        set_name=tested.set_name,
        n_classes=len(tested.text.names),
        n_undecodable=int(tested.failed.sum()),
        n_listed=n_listed,
    )


def _write(one: CalibratedSet, sets: Mapping[str, CalibratedSet], written: WrittenPictures) -> None:
    written.add(
        one.set_name,
        "calibration",
        title=f"{one.set_name}: whether probabilities can be trusted, and thresholds",
        alt=f"Reliability curve and risk against coverage. {one.summary}; {one.reach}. {_thresholds_in_words(one)}",
        numbers=calibration_content(one, sets),
        figure=draw_calibration(one, sets),
    )


def _thresholds_in_words(one: CalibratedSet) -> str:
    told = [
        f"a threshold of {found.threshold:g} gives at most {100 * risk:g} % wrong answers and answers "
        f"{100 * found.coverage:.1f} %"
        for risk, found in one.at_risks()
        if found is not None
    ]
    found = f"Found here: {'; '.join(told)}." if told else "No threshold reaches a risk of 20 % or less."
    return f"{found} Thresholds are of own probabilities." if one.by_own else found


def _print(sets: Mapping[str, CalibratedSet]) -> None:
    """The table of thresholds on the terminal."""
    if not sets:
        return
    table = Table("set", "calibration error %", "at most wrong", "--threshold", "answered %", "of these wrong %")
    if any(one.by_own for one in sets.values()):
        table.caption = "--threshold is an own probability, as the model has a logit bias; the error is of the softmax"
    for column in table.columns[1:]:
        column.justify = "right"
    for name, one in sets.items():
        for number, (risk, found) in enumerate(one.at_risks()):
            first = (name, f"{100 * one.reliability.ece:.1f}") if number == 0 else ("", "")
            accepted = f"{100 * risk:g} %"
            if found is None or found.risk is None:
                table.add_row(*first, accepted, "none", "", "")
            else:
                effect = f"{100 * found.coverage:.1f}", f"{100 * found.risk:.1f}"
                table.add_row(*first, accepted, f"{found.threshold:g}", *effect)
                if not found.threshold:  # which larger risks allow, too
                    break
        table.add_section()
    print_whole(result_console(), table)
