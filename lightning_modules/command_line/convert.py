"""`zsar convert`: imports a checkpoint released by the authors of a method."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning
from safetensors.torch import save

from zsar.lightning_modules.bike.bike import BIKE, BIKE_TEMPLATE
from zsar.lightning_modules.clip.clip import FineTunedCLIP
from zsar.lightning_modules.command_line.convert_options import ConvertOptions
from zsar.lightning_modules.open_vclip.open_vclip import OpenVCLIP
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.t2l.t2l import T2L
from zsar.lightning_modules.training.author_checkpoints import author_of
from zsar.lightning_modules.training.checkpoints import pack_checkpoint
from zsar.lightning_modules.training.whole_checkpoints import WholeCheckpointIO
from zsar.runtime.files.output_folders import check_free
from zsar.runtime.files.whole_files import whole_file
from zsar.runtime.terminal import say


def run(options: ConvertOptions) -> int:
    """Runs the command.

    Args:
        options: The parsed command line.

    Returns:
        0.

    Raises:
        AuthorCheckpointError: The file is of no known authors.
        BackboneError: CLIP's own weights, which ViFi-CLIP and Open-VCLIP need, are neither cached nor downloadable.
        ValueError: An output file is there already, or an option does not fit the file.
    """
    output = options.output or options.checkpoint.with_suffix(".zsar.ckpt")
    check_free(output, force=options.replacing.force)
    author = author_of(options.checkpoint, skips_objects=options.skip_objects)
    if author == "ViFi-CLIP":
        _convert_vifi_clip(options, output)
    elif author == "Open-VCLIP":
        _convert_open_vclip(options, output)
    else:
        _convert_whole(options, output, BIKE if author == "BIKE" else T2L)
    say(f'use: zsar classify VIDEO --classes "a, b" --checkpoint {output}')
    return 0


def _convert_whole(options: ConvertOptions, output: Path, method: type[BIKE] | type[T2L]) -> None:
    """Converts a file that holds CLIP's weights, too."""
    name = method.__name__
    if options.model.weights is not None:
        raise ValueError(f"{options.checkpoint} is {name}'s and holds CLIP's weights; leave --weights out")
    backbone = output.with_suffix(".backbone.safetensors")
    check_free(backbone, force=options.replacing.force)
    model = method.load_author_checkpoint(
        options.checkpoint, architecture=options.model.architecture, skips_objects=options.skip_objects
    )
    with whole_file(backbone) as unfinished:
        unfinished.write_bytes(save({k: v.contiguous() for k, v in model.backbone.clip.state_dict().items()}))
    model.hparams["backbone"] = replace(model.hparams["backbone"], weights=str(backbone))
    n_trained = _save(model, output)
    say(f"{name}: {model.backbone.architecture}, {_shown_parts(model)}, {n_trained:,} trained parameters")
    say(f"wrote {output} (what was trained)", f"wrote {backbone} (CLIP as the authors had it)")
    say(f"`zsar test` needs --model.backbone.weights {backbone}")
    if isinstance(model, BIKE):
        say(f"it was trained with one prompt, which is not the default: --template '{BIKE_TEMPLATE}'")


def _shown_parts(model: BIKE | T2L) -> str:
    if isinstance(model, T2L):
        return f"{model.n_frames} frames"
    return "no video head" if model.video_head is None else f"a video head of {len(model.video_head.layers)} layers"


def _convert_vifi_clip(options: ConvertOptions, output: Path) -> None:
    weights = options.model.weights or "openai"
    model = _tuned(options, weights, FineTunedCLIP)
    n_trained = _save(model, output)
    say(f"ViFi-CLIP: {model.backbone.architecture}, {n_trained:,} tuned parameters")
    say(f"wrote {output} (needs CLIP's weights {weights} too, for the token embedding)")
    say("ImageNet's statistics of frames: `zsar test` needs --model.backbone.frame_statistics imagenet")


def _convert_open_vclip(options: ConvertOptions, output: Path) -> None:
    weights = options.model.weights or "openai"
    model = _tuned(options, weights, OpenVCLIP)
    n_trained = _save(model, output)
    share, of_clip = model.tuned_share, round(1 - model.tuned_share, 6)
    say(f"Open-VCLIP: {model.backbone.architecture}, {n_trained:,} tuned parameters")
    say(f"wrote {output} (needs CLIP's weights {weights} too)")
    say(
        f"in use, {share:g} of these weights are mixed with {of_clip:g} of CLIP's, the authors' shares for this "
        f"architecture: `zsar test` needs --model.tuned_share {share:g}"
    )


def _tuned(options: ConvertOptions, weights: str, method: type[FineTunedCLIP]) -> FineTunedCLIP:
    """The model of a file that lacks weights of the CLIP that was tuned."""
    return method.load_author_checkpoint(
        options.checkpoint,
        architecture=options.model.architecture,
        weights=weights,
        skips_objects=options.skip_objects,
    )


def _save(model: ActionRecognizer, output: Path) -> int:
    """Writes a checkpoint in one step; returns its number of trained parameters."""
    checkpoint: dict[str, Any] = {
        "state_dict": model.state_dict(),
        "epoch": 0,
        "global_step": 0,
        "pytorch-lightning_version": lightning.__version__,  # `zsar test` rejects the file without it
    }
    pack_checkpoint(model, checkpoint)
    WholeCheckpointIO().save_checkpoint(checkpoint, output)
    return sum(tensor.numel() for tensor in checkpoint["state_dict"].values())
