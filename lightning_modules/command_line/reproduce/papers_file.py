"""Reads the file of the papers' tables, `configs/papers.yaml`.

    t2l:
      title: "T2L: Efficient Zero-Shot Action Recognition with Temporal Token Learning"
      tables:
        table7:                                   # every numbered table and figure: tableN, figureN
          title: Temporal tokens in all layers, in the first, in none
          columns: [HMDB-51, UCF-101]             # as printed, each once
          rows:
            - row: All layers                     # as printed, each once in its table
              figures: [52.9, "79.1 ± 0.2"]       # one per column: a number, a text, or null for a dash
              steps:
                - fit: t2l_kinetics400            # an experiment of configs/experiment
                  with: [ablation/t2l_ttl_first]  # optional: further configurations, appended
                  set: {data.split.fold: 1}       # optional: options of the command line
                  vary: {seed_everything: [0, 1]} # optional: a run for each combination; `with: [...]` varies one file
                - test: t2l_zero_shot_hmdb51
                  from: fit                       # optional: tests last.ckpt of the row's last fit
                  vary: {data.split.fold: [1, 2, 3]}
                - run: zsar extract {data}/thumos14 --output {output}/features
              differences: in words               # optional
            - row: X-CLIP
              figures: [44.6, 72.0]
              why_not: quoted from earlier work; zsar has no X-CLIP      # instead of steps
        figure3: {title: Attention maps, why_not: a picture}             # a whole table without commands
        ablation: {title: ..., columns: [...], sweep: ablation, rows: [...]}   # rows made by a file of configs/sweeps
    of_no_paper: {t2l_video_folder: why}          # configurations that belong to no table

A fit `from: fit` starts from the checkpoint of the preceding fit. `from: {checkpoint: best}` takes best.ckpt,
`from: {checkpoint: weight_mean}` the mean of epochs. A test of the experiment that was fitted has the fit's fragments
and settings, too; any test has the settings that its fit varies.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast, get_args

from zsar.lightning_modules.command_line.reproduce.paper_tables import (
    Cell,
    Checkpoint,
    Paper,
    Papers,
    Row,
    Step,
    Table,
    Verb,
)
from zsar.lightning_modules.experiments.shipped_configs import located, nowhere
from zsar.runtime.text.bounded_yaml import read_yaml_file
from zsar.runtime.text.json_values import JsonValue

PAPERS = "configs/papers.yaml"
OF_NO_PAPER = "of_no_paper"

_OF_PAPER = ("title", "tables")
_OF_TABLE = ("title", "columns", "rows", "why_not", "sweep")
_OF_ROW = ("row", "figures", "steps", "why_not", "differences")
_OF_STEP = ("with", "set", "vary", "from")


def find_papers_file(name: str = PAPERS) -> Path:
    """Finds the file as all configurations are found: in the working directory, else among zsar's.

    Args:
        name: Its name.

    Raises:
        FileNotFoundError: There is no such file.
    """
    path = located(name)
    if path is None:
        raise FileNotFoundError(f"there is no file of tables {name}{nowhere(name)}")
    return path


def read_papers(path: Path) -> Papers:
    """Reads the file.

    Args:
        path: The YAML file.

    Returns:
        The papers with their tables.

    Raises:
        ValueError: It is not YAML, or an entry is invalid; the message gives file and place.
        OSError: It cannot be read.
    """
    whole = JsonValue(path, read_yaml_file(path))
    papers = {key: _paper(key, value) for key, value in whole.items() if key != OF_NO_PAPER}
    stated = whole[OF_NO_PAPER].items() if OF_NO_PAPER in whole.value else ()
    return Papers(papers=papers, of_no_paper={name: why.name() for name, why in stated})


def _paper(key: str, value: JsonValue) -> Paper:
    value.check_keys(_OF_PAPER)
    tables = {str(name): _table(key, str(name), table) for name, table in value["tables"].items()}
    return Paper(key=key, title=value["title"].name(), tables=tables)


def _table(paper: str, key: str, value: JsonValue) -> Table:
    value.check_keys(_OF_TABLE)
    columns = tuple(_word(column) for column in _elements(value, "columns"))
    _check_once(columns, value, "columns")
    sweep = value["sweep"].name() if "sweep" in value.value else None
    rows = tuple(_row(row, columns, of_sweep=sweep is not None) for row in _elements(value, "rows"))
    _check_once([row.name for row in rows], value, "rows")
    why_not = _words(value, "why_not")
    if (why_not is None) == (not rows):
        raise value.fault("must have either `rows` or `why_not`, the reason why no command makes it")
    title = value["title"].name()
    return Table(paper=paper, key=key, title=title, columns=columns, rows=rows, why_not=why_not, sweep=sweep)


def _row(value: JsonValue, columns: Sequence[str], *, of_sweep: bool) -> Row:
    value.check_keys(_OF_ROW)
    figures = tuple(_cell(cell) for cell in _elements(value, "figures"))
    if len(figures) not in (0, len(columns)):
        raise value["figures"].fault(f"has {len(figures)} figures for {len(columns)} columns; write null for a dash")
    steps = tuple(_step(step) for step in _elements(value, "steps"))
    why_not = _words(value, "why_not")
    if of_sweep and (steps or why_not):
        raise value.fault("belongs to a table with `sweep`, which makes all rows; leave out its `steps` and `why_not`")
    if not of_sweep and (why_not is None) == (not steps):
        raise value.fault("must have either `steps` or `why_not`, the reason why no command makes it")
    _check_origins(steps, value)
    differences = _words(value, "differences")
    return Row(name=_word(value["row"]), figures=figures, steps=steps, why_not=why_not, differences=differences)


def _step(value: JsonValue) -> Step:
    verbs = [verb for verb in get_args(Verb) if verb in dict(value.items())]
    if len(verbs) != 1:
        raise value.fault(f"must have exactly one of {', '.join(get_args(Verb))}; it has {', '.join(value.value)}")
    verb = cast(Verb, verbs[0])
    value.check_keys((verb,) if verb == "run" else (verb, *_OF_STEP))
    if verb == "run":
        return Step(verb=verb, of=value[verb].text())
    vary = {}
    for name, values in value["vary"].items() if "vary" in value.value else ():
        vary[name] = tuple(element.value for element in values.elements())
        if not vary[name]:
            raise values.fault("has no value; give at least one")
    settings = {name: setting.value for name, setting in value["set"].items()} if "set" in value.value else {}
    if both := sorted(vary.keys() & settings.keys()):
        raise value.fault(f"has {both[0]} in `set` and in `vary`; leave it out of one of them")
    fragments = tuple(fragment.name() for fragment in _elements(value, "with"))
    checkpoint = _checkpoint(value["from"]) if "from" in value.value else None
    return Step(
        verb=verb, of=value[verb].name(), fragments=fragments, settings=settings, vary=vary, checkpoint=checkpoint
    )


def _checkpoint(value: JsonValue) -> Checkpoint:
    if value.value == "fit":
        return "last"
    if isinstance(value.value, dict):
        value.check_keys(("checkpoint",))
        if value["checkpoint"].value in get_args(Checkpoint):
            return cast(Checkpoint, value["checkpoint"].value)
    raise value.fault(f"is {value.value!r}, but must be `fit`, `{{checkpoint: best}}` or `{{checkpoint: weight_mean}}`")


def _check_origins(steps: Sequence[Step], row: JsonValue) -> None:
    is_fitted = False
    for step in steps:
        if step.checkpoint is not None and not is_fitted:
            raise row.fault(f"has {step.verb} {step.of} `from: fit`, but no fit before it; write the fit first")
        is_fitted = is_fitted or step.verb == "fit"


def _cell(value: JsonValue) -> Cell:
    if value.value is None:
        return None
    if isinstance(value.value, int | float) and not isinstance(value.value, bool):
        return value.value
    return value.name()


def _word(value: JsonValue) -> str:
    if isinstance(value.value, int | float) and not isinstance(value.value, bool):
        return str(value.value)
    return value.name()


def _words(value: JsonValue, key: str) -> str | None:
    """Text on one line; None if it is not stated."""
    return " ".join(value[key].text().split()) if key in value.value else None


def _elements(value: JsonValue, key: str) -> list[JsonValue]:
    """The elements of a list; none if it is not stated."""
    return list(value[key].elements()) if key in dict(value.items()) else []


def _check_once(names: Sequence[str], value: JsonValue, what: str) -> None:
    for number, name in enumerate(names):
        if name in names[:number]:
            raise value[what].fault(f"has {name!r} twice; rename or delete one of them")
