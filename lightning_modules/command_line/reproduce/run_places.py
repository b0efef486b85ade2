"""Names of run folders, after all that makes a run, so that the rows of several tables share a fit.

    OUTPUT/t2l_kinetics400/                                              a fit: the experiment
    OUTPUT/t2l_kinetics400-t2l_first_layer/                              with a fragment appended
    OUTPUT/t2l_kinetics400-t2l_first_layer/t2l_zero_shot_hmdb51/fold1/   a test of it, with the same fragment; a run of
                                                                         `vary`
    OUTPUT/t2l_few_shot_hmdb51_2/                                        a fit, and the test of the same experiment
    OUTPUT/ap_clip_kinetics400/ap_clip_few_shot_ucf101_2/                a fit that starts from another

`zsar summarize` averages over folders called seedN, splitN and foldN.
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from zsar.lightning_modules.command_line.reproduce.paper_tables import WITH, Step

_LABELS = {"data.split.fold": "fold", "data.split.seed": "split", "seed_everything": "seed", "data.render_seed": ""}
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9.+-]+")


def run_name(step: Step, *, beyond: Step | None = None) -> str:
    """The name of a run: its experiment, fragments and settings.

    Args:
        step: A fit or a test.
        beyond: Another step, whose fragments and settings are left out; None for none.
    """
    fragments = [
        Path(fragment).stem for fragment in step.fragments if beyond is None or fragment not in beyond.fragments
    ]
    settings = [pair for pair in step.settings.items() if beyond is None or pair not in beyond.settings.items()]
    named = [_slug(f"{key.rpartition('.')[2]}_{option_text(value)}") for key, value in settings]
    return "-".join((step.of, *fragments, *named))


def folder_of(key: str, value: object) -> str:
    """The folder of a varied setting: fold1, split0, seed0.

    Args:
        key: The setting, or "with" for fragments.
        value: Its value; of a file the last number in its name counts: lists/vifi_clip_kinetics600_1 is split1.

    Returns:
        The name; "" for a setting that goes with another, as the seed of a rendering with that of the run.
    """
    text = option_text(value)
    numbers = re.findall(r"\d+", Path(text).name)
    if (key == WITH or "/" in text) and numbers:
        return f"split{numbers[-1]}"
    label = _LABELS.get(key, f"{key.rpartition('.')[2]}_")
    return f"{label}{_slug(text)}" if label else ""


def option_text(value: object) -> str:
    """A value as an option of the command line has it: text as it is, others as YAML on one line.

    Args:
        value: A number, a text, a list, a mapping, or None.
    """
    if isinstance(value, str):
        return value
    written = yaml.safe_dump(value, default_flow_style=True, width=10_000).strip()
    return written.removesuffix("...").strip()


def _slug(text: str) -> str:
    return _NOT_IN_NAMES.sub("_", text).strip("_")
