"""The page of the data sets: what lies where, sources, licences and counts, from the heads of their modules."""

from __future__ import annotations

import inspect
import re

from zsar.datamodules import data_sets

_HEAD = """\
# Data sets

All data sets lie in one folder, `$ZSAR_DATA`, which is `DATA_ROOT` below (`--data.data_root` names another). Videos are
found by file name, in any folder and container, so that official archives, published lists and re-encoded copies all
fit. Each section is the head of the module in `datamodules/data_sets/` that reads the data set. The settings are in
[Data modules](../reference/data_modules.md).

!!! note
    We have not run the public data sets ourselves yet: neither their videos nor a GPU were at hand. The tests take a
    rendered miniature of each, in its official format, through every protocol.

Check a data set before a long run:

```bash
zsar doctor --config experiment/t2l_kinetics400 --n_workers 16
zsar doctor --data UCF101 --data.split.fold 2 --decode 0.1
```

The doctor checks that every listed video is there and that every frame of it decodes, counts against the published
ones, class text, labels against file names, duplicates (also by links), and overlap of training and test:

```text
│ check         │ set              │ result  │           count │ first examples
│ lists         │ train, val, test │ ok      │ 505 + 101 + 202 │
│ files         │ test             │ error   │        2 of 202 │ v_Diving_g01_c01
│               │                  │         │                 │ v_LongJump_g01_c01
│ frames        │ test             │ error   │        1 of 200 │ v_ApplyEyeMakeup_g01_c01: Invalid data found when
│ counts        │ test             │ warning │  3,581 of 3,783 │ 202 listed, 3,783 published
│ overlap       │ training / test  │ ok      │             202 │
```

It exits with 1 at an error. `--data.split.exclude runs/doctor/bad_videos.csv` excludes bad videos and reports their
number; a killed check resumes where it stopped.

## Splits

Splits that are not given are drawn from a seed, the same on every machine; base classes are the more frequent half, as
published. With a copy of [ViFi-CLIP](https://github.com/muzairkhattak/ViFi-CLIP) in `$ZSAR_DATA/ViFi-CLIP`, its lists
are used instead. Two pairs of labels in its lists of HMDB-51 are swapped; zsar detects this and rejects them, or
follows the file names:

```bash
zsar fit --config experiment/t2l_base_to_novel_ucf101 --config lists/vifi_clip_base_to_novel_ucf101
zsar fit --config experiment/t2l_few_shot_hmdb51_4 --config lists/vifi_clip_few_shot_hmdb51_4
zsar test --config experiment/clip_zero_shot_kinetics600 --config lists/vifi_clip_kinetics600_2 \\
  --run_dir runs/clip_zero_shot_kinetics600/split2
```

Some tests are many sets in one run, each with its figure, and their mean: `UCF101P` and `HMDB51P` test 18 perturbations
at 5 severities beside the clean videos, with the relative robustness (`--data.perturbation` and `--data.severity`
choose one); `--data.split.classes halves` tests ActivityNet on ten random halves of its classes.
`--data.split.classes` of Kinetics-600 is `all`, `all_new` (the 220 classes that Kinetics-400 lacks) or `drawn_160`
(three draws of them).

Models that were trained elsewhere are tested on more than an official test set, too: `--data.split.test_videos
train_and_test` takes all videos of an official split of UCF-101, HMDB-51 or ActivityNet, `all` all 6,766 of HMDB-51,
and `validation` Kinetics-600's validation videos of a draw. `--data.split.half_draws numpy` draws halves as BIKE's
authors do.
"""


def data_sets_page() -> str:
    """All data sets, by name."""
    sections = [_section(getattr(data_sets, name)) for name in sorted(data_sets.__all__, key=str.lower)]
    return "\n\n".join([_HEAD, *sections]) + "\n"


def _section(data_set: type) -> str:
    text = inspect.getdoc(inspect.getmodule(data_set)) or ""
    title, _, rest = text.partition("\n")
    # Indented lines are trees of files; a blank line keeps them apart from the text that follows.
    rest = re.sub(r"(?m)^( {4}.*)\n(?! {4}|\n)", r"\1\n\n", rest.strip("\n"))
    rest = re.sub(r"(?m)^(Source|Licence|Counts)", r"**\1**", rest)
    return f"## {data_set.__name__}\n\n{title.partition(': ')[2] or title}\n\n{rest}"
