"""The options of `zsar extract`, and what they ask for."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import get_args

import torch

from zsar.datamodules.video_files.streaming import FrameStride
from zsar.lightning_modules.command_line.command_parser import CommandParser
from zsar.lightning_modules.command_line.damage_option import add_damage_option
from zsar.lightning_modules.command_line.extract.caption_extraction import CaptionExtraction
from zsar.lightning_modules.command_line.extract.extraction import Extraction
from zsar.lightning_modules.command_line.extract.feature_extraction import FeatureExtraction
from zsar.lightning_modules.open_clip_towers.default_weights import default_weights
from zsar.lightning_modules.open_clip_towers.open_clip_captions import CaptionSettings, Generation, check_can_generate
from zsar.runtime.number_limits import MOST_PROCESSES, MOST_VIDEOS_PER_BATCH, check_most
from zsar.runtime.processes.cpu_count import cpu_count

_CAPTION_SECONDS = 1.0


def extract_parser() -> argparse.ArgumentParser:
    """The command line of `zsar extract`."""
    parser = CommandParser(
        prog="zsar extract",
        description="Compute the features of the frames of long videos, before the model's projection, and store them: "
        "one .safetensors file for each video, under the same folders; with --captions also what is to be seen, in "
        "words, in one .captions.json. A run that was stopped goes on where it was, and what is there already is not "
        "made again; a video that cannot be decoded is named at the end, and the others are finished all the same.",
        epilog="Memory does not grow with the size of the picture; with the length of a video only its features do.",
    )
    parser.add_argument("videos", nargs="+", type=Path, metavar="VIDEO", help="video files, or folders of videos")
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FOLDER", help="where the files go; one run at a time may write"
    )
    parser.add_argument(
        "--architecture", default="ViT-B-16-quickgelu", metavar="NAME", help="open_clip model (default: %(default)s)"
    )
    parser.add_argument("--weights", metavar="W", help="open_clip tag or weights file (default: openai)")
    stride = parser.add_mutually_exclusive_group()
    stride.add_argument("--stride", type=int, default=1, metavar="N", help="take every N-th frame (default: all)")
    stride.add_argument(
        "--stride-seconds", type=float, metavar="S", help="take the frame on the screen every S seconds instead"
    )
    parser.add_argument("--dtype", choices=("fp16", "fp32"), default="fp16", help="as stored (default: %(default)s)")
    parser.add_argument(
        "--batch-size",
        type=int,
        default=64,
        metavar="N",
        help="frames that the model sees together (default: %(default)s)",
    )
    add_damage_option(parser)
    parser.add_argument("--device", default="auto", help="cpu, cuda, mps (default: a GPU if there is one)")
    parser.add_argument(
        "--devices", type=int, default=1, metavar="N", help="GPUs to share the videos (default: %(default)s)"
    )
    parser.add_argument(
        "--n-workers",
        type=int,
        metavar="N",
        help="decoding processes of each device; 0 for none (default: one less than its share of the processors)",
    )
    parser.add_argument("--overwrite", action="store_true", help="make all files anew, whatever is there")
    _add_caption_options(parser)
    return parser


def _add_caption_options(parser: argparse.ArgumentParser) -> None:
    captions = parser.add_argument_group(
        "captions",
        "of a CoCa, as --architecture coca_ViT-L-14 --weights mscoco_finetuned_laion2B-s13B-b90k; "
        "they need pip install 'zsar[captions]'",
    )
    captions.add_argument("--captions", action="store_true", help="describe frames in words, after the features")
    captions.add_argument(
        "--caption-seconds",
        type=float,
        metavar="S",
        help=f"describe the frame on the screen every S seconds (default: {_CAPTION_SECONDS})",
    )
    captions.add_argument(
        "--caption-generation",
        choices=get_args(Generation),
        help="greedy is several times faster; beam_search takes a sixth of --batch-size frames together, as it "
        "follows six captions of each (default: beam_search)",
    )


def requested_extractions(options: argparse.Namespace) -> list[Extraction]:
    """What is to be made of the videos: features, then captions if they are asked for.

    Args:
        options: The command line, parsed.

    Raises:
        ValueError: A number is out of range, or there are options of captions, but no captions.
        BackboneError: What captions need is not installed.
    """
    _check_numbers(options)
    weights = options.weights or default_weights(options.architecture)
    seconds = options.stride_seconds
    features = FeatureExtraction(
        architecture=options.architecture,
        weights=weights,
        stride=FrameStride(frames=options.stride) if seconds is None else FrameStride(frames=None, seconds=seconds),
        batch_size=options.batch_size,
        n_workers=_n_workers(options),
        on_damage=options.on_damage,
        dtype=options.dtype,
    )
    if not options.captions:
        return [features]
    check_can_generate()
    seconds = _CAPTION_SECONDS if options.caption_seconds is None else options.caption_seconds
    captions = CaptionExtraction(
        architecture=features.architecture,
        weights=weights,
        stride=FrameStride(frames=None, seconds=seconds),
        batch_size=features.batch_size,
        n_workers=features.n_workers,
        on_damage=features.on_damage,
        captions=CaptionSettings(options.caption_generation or CaptionSettings.generation),
    )
    return [features, captions]


def check_batch_and_workers(options: argparse.Namespace) -> None:
    """Makes sure that the frames of a batch and the decoding processes are numbers that mean something.

    Raises:
        ValueError: One of them does not.
    """
    if options.batch_size < 1:
        raise ValueError(f"--batch-size must be at least 1; got {options.batch_size}")
    if options.n_workers is not None and options.n_workers < 0:
        raise ValueError(f"--n-workers must be 0 or more; got {options.n_workers}")
    check_most(MOST_VIDEOS_PER_BATCH, batch_size=options.batch_size)
    check_most(MOST_PROCESSES, n_workers=options.n_workers)


def _check_numbers(options: argparse.Namespace) -> None:
    check_batch_and_workers(options)
    if options.devices < 1:
        raise ValueError(f"--devices must be at least 1; got {options.devices}")
    if options.caption_seconds is not None and not 0 < options.caption_seconds < float("inf"):
        raise ValueError(f"--caption-seconds must be more than 0; got {options.caption_seconds}")
    for name in ("caption_seconds", "caption_generation"):
        value = getattr(options, name)
        if value is not None and not options.captions:
            raise ValueError(f"--{name.replace('_', '-')} {value} is of no use without --captions; give that too")


def _n_workers(options: argparse.Namespace) -> int:
    """Decoding processes of each device."""
    if options.n_workers is not None:
        return int(options.n_workers)
    return max(1, cpu_count() // options.devices - 1)


def device_names(device: str, n: int) -> list[str]:
    """The names of the devices; on the CPU one process for each is started all the same.

    Args:
        device: "auto", "cpu", "cuda" or another one that torch knows.
        n: How many.

    Raises:
        ValueError: There are not so many.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if n == 1:
        return [device]
    if device == "cuda":
        if n > torch.cuda.device_count():
            raise ValueError(f"--devices {n} is asked for, but there are {torch.cuda.device_count()} GPUs")
        return [f"cuda:{i}" for i in range(n)]
    if device != "cpu":
        raise ValueError(f"--devices {n} needs --device cuda or cpu; got {device}")
    return ["cpu"] * n
