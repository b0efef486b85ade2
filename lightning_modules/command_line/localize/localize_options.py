"""The options of `zsar localize`, and what of the frames they ask for."""

from __future__ import annotations

import argparse
from pathlib import Path

from zsar.datamodules.untrimmed_video import ACTION_TEMPLATE
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.lightning_modules.command_line.command_parser import CommandParser
from zsar.lightning_modules.command_line.damage_option import add_damage_option
from zsar.lightning_modules.command_line.extract.extract_options import check_batch_and_workers
from zsar.lightning_modules.command_line.extract.feature_extraction import FeatureExtraction
from zsar.lightning_modules.open_clip_towers.default_weights import default_weights
from zsar.runtime.processes.cpu_count import cpu_count

DEFAULT_ARCHITECTURE = "coca_ViT-L-14"
_STRIDE_SECONDS = 0.25
DEFAULT_SMOOTHING_SECONDS = 0.67  # the paper's 20 frames, at 30 a second
DEFAULT_THRESHOLD = 0.8
ANY_MARGIN = 2.0  # as far apart as two cosines can be
# Without a value where they are not given, so that one that the other method does not read is noticed.
_OF_T3AL = ("steps", "smooth_seconds", "pseudo_labels", "margin", "suppress", "captions", "seed")


def localize_parser() -> argparse.ArgumentParser:
    """The command line of `zsar localize`."""
    parser = CommandParser(
        prog="zsar localize",
        description="Find where in your own untrimmed videos actions happen, among names that you give. Any names will "
        "do, one alone too; nothing is trained. Each video gets a table, a JSON file and a picture; one that cannot be "
        "decoded is named at the end, and the others are done all the same.",
        epilog="By the method t3al (Liberatori et al. 2024) a video is taken for the name nearest to it, the model is "
        "adapted to both for this video, and what scores above the video's mean is found. So something is found in "
        "nearly any video, and scores compare parts of one video, not videos: give names that do occur. The method "
        "frame-wise names each frame by itself and finds nothing where it is not sure.",
    )
    parser.add_argument("videos", nargs="+", type=Path, metavar="VIDEO", help="video files, or folders of videos")
    names = parser.add_argument_group("class names")
    names.add_argument("--classes", metavar="NAMES", help='names separated by commas: "pouring coffee, cutting bread"')
    names.add_argument("--classes-file", type=Path, metavar="FILE", help="one name a line, or a CSV: id,name")
    names.add_argument(
        "--template",
        default=ACTION_TEMPLATE,
        metavar="T",
        help='template with {}, or a set: action_clip, photo, name (default: "%(default)s")',
    )
    _add_method(parser)
    _add_model(parser)
    output = parser.add_argument_group("output")
    output.add_argument(
        "--output",
        type=Path,
        default=Path("runs/localize"),
        metavar="FOLDER",
        help="where VIDEO.json and VIDEO.png go; those of an earlier run are replaced (default: %(default)s)",
    )
    output.add_argument("--json", action="store_true", help="print the JSON files' content instead of tables")
    output.add_argument(
        "--annotations",
        type=Path,
        metavar="FILE",
        help="what truly happens, as T3AL's THUMOS14 JSON has it, to be drawn and written down too",
    )
    return parser


def _add_method(parser: argparse.ArgumentParser) -> None:
    method = parser.add_argument_group("method")
    method.add_argument("--method", choices=("t3al", "frame-wise"), default="t3al", help="(default: %(default)s)")
    method.add_argument("--steps", type=int, metavar="N", help="t3al: most adaptation steps, 0 for none (default: 50)")
    method.add_argument(
        "--smooth-seconds",
        type=float,
        metavar="S",
        help=f"t3al: scores are averaged over S seconds (default: {DEFAULT_SMOOTHING_SECONDS}, the paper's 20 frames "
        "at 30 a second)",
    )
    method.add_argument(
        "--pseudo-labels", type=int, metavar="K", help="t3al: names that a video is taken for, at most (default: 1)"
    )
    method.add_argument(
        "--margin",
        type=float,
        metavar="M",
        help="t3al: how much less similar than the first the further ones may be, in cosine, such as 0.02 (default: "
        "any)",
    )
    method.add_argument(
        "--suppress",
        action=argparse.BooleanOptionalAction,
        help="t3al: drop segments whose captions agree with few others (default: with captions, or with a model that "
        "writes them, a CoCa, which needs pip install 'zsar[captions]')",
    )
    method.add_argument(
        "--captions",
        type=Path,
        metavar="FOLDER",
        help="t3al: files of `zsar extract --captions`, read instead of writing captions in each run",
    )
    method.add_argument("--seed", type=int, metavar="N", help="t3al: seed of the frames drawn (default: 0)")
    method.add_argument(
        "--threshold",
        type=float,
        metavar="P",
        help=f"frame-wise: probability among the names above which a frame counts (default: {DEFAULT_THRESHOLD})",
    )


def _add_model(parser: argparse.ArgumentParser) -> None:
    model = parser.add_argument_group("model and frames")
    model.add_argument(
        "--architecture", default=DEFAULT_ARCHITECTURE, metavar="NAME", help="open_clip model (default: %(default)s)"
    )
    model.add_argument(
        "--weights",
        metavar="W",
        help="open_clip tag or weights file "
        f"(default: {default_weights(DEFAULT_ARCHITECTURE)}; of other models openai)",
    )
    model.add_argument(
        "--features",
        type=Path,
        metavar="FOLDER",
        help="files of `zsar extract` (fp16); missing ones are made there and kept (default: made for this run)",
    )
    stride = model.add_mutually_exclusive_group()
    stride.add_argument("--stride", type=int, metavar="N", help="look at every N-th frame; the paper at all, 1")
    stride.add_argument(
        "--stride-seconds",
        type=float,
        metavar="S",
        help=f"look at the frame on the screen every S seconds (default: {_STRIDE_SECONDS}, about an eighth of the "
        "frames at 30 a second)",
    )
    add_damage_option(model)
    model.add_argument("--device", default="auto", help="cpu, cuda, mps (default: a GPU if there is one)")
    model.add_argument(
        "--batch-size", type=int, default=64, metavar="N", help="frames embedded together (default: %(default)s)"
    )
    model.add_argument(
        "--n-workers",
        type=int,
        metavar="N",
        help="decoding processes, 0 for none (default: one less than there are processors)",
    )


def check_options(options: argparse.Namespace) -> None:
    """Makes sure that options fit each other; numbers that have a meaning elsewhere are checked there.

    Raises:
        ValueError: They do not, or a number is out of range.
    """
    unread = ("threshold",) if options.method == "t3al" else _OF_T3AL
    for name in unread:
        if getattr(options, name) is not None:
            said = f"--{name.replace('_', '-')}"
            raise ValueError(f"{said} is of no use with --method {options.method}; leave it out")
    if options.steps is not None and options.steps < 0:
        raise ValueError(f"--steps must be at least 0, which adapts nothing; got {options.steps}")
    if options.smooth_seconds is not None and not 0 <= options.smooth_seconds < float("inf"):
        raise ValueError(f"--smooth-seconds must be at least 0, which smooths nothing; got {options.smooth_seconds}")
    if options.pseudo_labels is not None and options.pseudo_labels < 1:
        raise ValueError(f"--pseudo-labels must be at least 1; got {options.pseudo_labels}")
    if options.margin is not None and ((options.pseudo_labels or 1) < 2 or not 0 <= options.margin <= ANY_MARGIN):
        raise ValueError(f"--margin, from 0 to 2, goes with --pseudo-labels of 2 or more; got {options.margin}")
    if options.captions is not None and options.suppress is False:
        raise ValueError(f"--captions {options.captions} is of no use with --no-suppress; leave one of them out")
    if options.threshold is not None and not 0 <= options.threshold < 1:
        raise ValueError(f"--threshold is a probability, at least 0 and below 1; got {options.threshold}")
    check_batch_and_workers(options)


def requested_features(options: argparse.Namespace) -> FeatureExtraction:
    """What is computed of the frames, as `zsar extract` does it.

    Args:
        options: The command line, parsed.

    Raises:
        ValueError: The stride is out of range.
    """
    if options.stride is not None:
        stride = FrameStride(frames=options.stride)
    else:
        seconds = options.stride_seconds
        stride = FrameStride(frames=None, seconds=_STRIDE_SECONDS if seconds is None else seconds)
    return FeatureExtraction(
        architecture=options.architecture,
        weights=options.weights or default_weights(options.architecture),
        stride=stride,
        batch_size=options.batch_size,
        n_workers=max(1, cpu_count() - 1) if options.n_workers is None else options.n_workers,
        on_damage=options.on_damage,
        dtype="fp16",
    )
