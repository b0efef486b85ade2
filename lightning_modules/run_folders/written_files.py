"""Which files of a run folder belong to zsar: `--overwrite` removes these and no others."""

from __future__ import annotations

import re
from pathlib import Path

from zsar.lightning_modules.run_folders.checkpoint_names import checkpoints_in
from zsar.lightning_modules.run_folders.picture_files import written_pictures
from zsar.lightning_modules.run_folders.prediction_files import prediction_tables
from zsar.lightning_modules.run_folders.run_folder import DETECTION_FILES, RESULT_FILES

REPORT_FILE = "report.html"
"""The page of a run, of `zsar report`."""

REPORT_BEGINS = "<!DOCTYPE html>\n<!-- zsar report:"
"""What every page of `zsar report` begins with."""

_SET_OF = {"validate": "val", "predict": "predict"}  # all others belong to the test
_COMMANDS = "fit|validate|test|predict"


def written_by_training(folder: Path) -> list[Path]:
    """The files that zsar wrote in a training and after it; never other files."""
    paths = [*checkpoints_in(folder / "checkpoints"), *(folder / "checkpoints").glob(".*.unfinished*.ckpt")]
    logs = [path for path in (folder / "csv").glob("*/*") if re.fullmatch(f"({_COMMANDS})(_\\d+)?", path.parent.name)]
    paths += [path for path in logs if path.name in ("metrics.csv", "hparams.yaml", "config.yaml")]
    config = folder / "config.yaml"  # if there is no log
    if _begins(config, "# lightning.pytorch=="):
        paths.append(config)
    paths += [path for stage in RESULT_FILES for path in written_by_test(folder, stage)]
    return list(dict.fromkeys([*paths, *written_pictures(folder, *RESULT_FILES)]))


def written_by_test(folder: Path, stage: str) -> list[Path]:
    """The results, predictions and pictures of a stage, and the report, which shows them."""
    sets = {path: name for name, path in prediction_tables(folder) if _begins(path, "video,path,label,")}
    if stage in _SET_OF:
        paths = [path for path, name in sets.items() if name == _SET_OF[stage]]
    else:
        before = folder.glob("frame_prompt_scores/*/*")  # where earlier versions wrote them
        paths = [path for path, name in sets.items() if name not in _SET_OF.values()]
        paths += [path for path in before if re.fullmatch(r"\d{5}_.*\.(json|png)", path.name)]
    paths += written_pictures(folder, stage)
    paths += [folder / REPORT_FILE] if _begins(folder / REPORT_FILE, REPORT_BEGINS) else []
    names = (RESULT_FILES[stage], DETECTION_FILES.get(stage, ""))
    return paths + [folder / name for name in names if name and (folder / name).is_file()]


def _begins(path: Path, text: str) -> bool:
    """Whether a file exists and starts with zsar's header."""
    return path.is_file() and path.read_bytes().startswith(text.encode())


def remove(files: list[Path], folder: Path) -> None:
    """Removes files of a run folder, and the folders in it that become empty."""
    for path in files:
        path.unlink(missing_ok=True)
        for parent in path.parents:
            if parent == folder or any(parent.iterdir()):
                break
            parent.rmdir()
