"""`zsar convert`: imports a checkpoint that the authors of a method released."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file

from lightning_modules.checkpoints import pack_checkpoint
from lightning_modules.t2l import T2L


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: The command line after `zsar convert`; None for the real one.

    Returns:
        0.

    Raises:
        AuthorCheckpointError: The file is not what it was taken for.
        ValueError: An output file is there already.
    """
    options = _parser().parse_args(arguments)
    output: Path = options.output or options.checkpoint.with_suffix(".zsar.ckpt")
    backbone = output.with_suffix(".backbone.safetensors")
    for path in (output, backbone):
        if path.exists() and not options.force:
            raise ValueError(f"{path} is there already; give another --output, or --force to replace it")
    model = T2L.load_author_checkpoint(options.checkpoint, architecture=options.architecture)
    output.parent.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in model.backbone.clip.state_dict().items()}, backbone)
    model.hparams["weights"] = str(backbone)
    checkpoint = {"state_dict": model.state_dict()}
    pack_checkpoint(model, checkpoint)
    torch.save(checkpoint, output)
    trained = sum(tensor.numel() for tensor in checkpoint["state_dict"].values())
    print(f"{model.backbone.architecture}, {model.n_frames} frames, {trained:,} trained parameters")
    print(f"wrote {output} (what was trained)\nwrote {backbone} (CLIP as the authors had it)")
    print(f'use: zsar classify VIDEO --classes "a, b" --checkpoint {output}')
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="zsar convert",
        description="Import a T2L checkpoint of its authors ({epoch, model_state_dict, optimizer_state_dict}). Writes "
        "a checkpoint of zsar, and CLIP's weights, which the authors' file also holds, beside it.",
    )
    parser.add_argument("checkpoint", type=Path, help="the authors' file")
    parser.add_argument("--output", type=Path, metavar="FILE", help="what to write (default: NAME.zsar.ckpt)")
    parser.add_argument(
        "--architecture", metavar="NAME", help="open_clip architecture (default: told from the shapes of the tensors)"
    )
    parser.add_argument("--force", action="store_true", help="replace files that are there")
    return parser
