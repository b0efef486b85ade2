"""What T2L and AP-CLIP cost beside frozen and fully tuned CLIP, by `zsar profile`: parameters, GFLOPs, time, memory.

    python benchmarks/bench_model_cost.py [--device cuda] [--architecture ViT-B-16-quickgelu] [--classes 10] [--quick]

Each figure of T2L and AP-CLIP stands beside that of frozen CLIP, and beside that of CLIP whose towers are trained whole
(ViFi-CLIP). Views of 8 frames, random weights, which cost the same; a training step is forward, losses, backward and
optimizer with the texts of all classes. The first row of the profile is measured twice, as the first pass of a process
also pays for what later ones find there; the second counts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.rows import Row, add_row_options, write_rows  # noqa: E402
from zsar.lightning_modules.command_line.profile.profile_table import peak_mb, value_at  # noqa: E402

Record = dict[str, Any]
FROZEN, TUNED = "frozen CLIP", "tuned CLIP"
EXPERIMENTS = {
    FROZEN: "clip_zero_shot_kinetics600",
    "T2L": "t2l_kinetics400",
    TUNED: "vifi_clip_kinetics400",
    "AP-CLIP": "ap_clip_kinetics400",
}
QUICK = {
    FROZEN: "moving_shapes_zero_shot",
    "T2L": "moving_shapes_t2l",
    TUNED: "moving_shapes_single_prompt",
    "AP-CLIP": "moving_shapes_ap_clip",
}


def profiled(options: argparse.Namespace) -> dict[str, Record]:
    """The rows of `zsar profile`, by the names of the table.

    Args:
        options: The parsed command line.
    """
    experiments = QUICK if options.quick else EXPERIMENTS
    names = [experiments[FROZEN], *experiments.values()]
    more = [] if options.quick else ["--model.backbone.architecture", options.architecture]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "profile.json"
        command = [sys.executable, "-m", "zsar", "profile", *(f"experiment/{name}" for name in names)]
        command += ["--random_weights", "--n_frames", "8", "--n_classes", str(2 if options.quick else options.classes)]
        command += ["--data.clips.n_test_clips", "1", "--data.clips.n_test_crops", "1"]
        command += ["--batch_size", str(options.batch_size), "--repeats", str(1 if options.quick else options.repeats)]
        command += ["--device", options.device, "--output", str(output), *more]
        subprocess.run(command, check=True, cwd=ROOT)
        rows = json.loads(output.read_text(encoding="utf-8"))["rows"][1:]
    return dict(zip(experiments, rows, strict=True))


def rows_of(records: dict[str, Record]) -> Iterator[Row]:
    """Each figure of T2L and AP-CLIP beside frozen CLIP's and tuned CLIP's.

    Args:
        records: As `profiled` returns them.
    """
    for method in ("T2L", "AP-CLIP"):
        for other in (FROZEN, TUNED):
            pair = records[method], records[other]
            for what, unit, figures in (
                ("trained parameters", "million", [record["parameters"]["trained"] / 1e6 for record in pair]),
                ("a view's arithmetic", "GFLOPs", [value_at(record, "gflops_per_view") for record in pair]),
                *_steps(pair, "forward", "a forward pass"),
                *(_steps(pair, "train", "a training step") if other == TUNED else ()),
            ):
                ours, theirs = figures
                why = "" if None not in figures else "not known on this machine"
                yield Row(what=f"{method}: {what}", unit=unit, ours=ours, alternative=other, theirs=theirs, note=why)


def _steps(pair: tuple[Record, Record], part: str, name: str) -> Iterator[tuple[str, str, list[float | None]]]:
    """Time and memory of a pass."""
    yield f"{name}", "frames/s", [value_at(record, part, "frames_per_second") for record in pair]
    yield f"{name}, peak memory", "MB", [peak_mb(record, part) for record in pair]


def main() -> None:
    """Profiles and writes the rows."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--architecture", default="ViT-B-32-quickgelu")
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=2, help="videos a step")
    parser.add_argument("--repeats", type=int, default=3)
    add_row_options(parser)
    options = parser.parse_args()
    rows = list(rows_of(profiled(options)))
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f} times better"
        print(f"{row.what:44} {row.ours} {row.unit}, {row.alternative}: {row.theirs} {ratio}")
    write_rows(options, rows)


if __name__ == "__main__":
    main()
