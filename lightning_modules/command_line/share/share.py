"""`zsar share`: writes a trained model as a folder with a model card, and uploads it on request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zsar.lightning_modules.command_line.share.share_options import ShareOptions
from zsar.lightning_modules.recognition.loading import load_recognizer
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.saved.hub_folders import uploaded
from zsar.lightning_modules.run_folders.run_folder import result_weights
from zsar.lightning_modules.tensor_files.tensor_files import cause_of
from zsar.runtime.files.given_files import read_given_json
from zsar.runtime.terminal import say

_REMEDY = "give results.json of `zsar test` with this checkpoint, or leave --results out"


def run(options: ShareOptions) -> int:
    """Writes the folder.

    Args:
        options: The parsed command line.

    Returns:
        0.

    Raises:
        ValueError: The folder has content, the results are of other weights, or the upload failed.
        CheckpointError: The checkpoint cannot be read.
    """
    folder = options.output
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file; give another --output")
    if folder.is_dir() and any(folder.iterdir()) and not options.replacing.force:
        raise ValueError(f"{folder} has content already; give another --output, or --force to replace the model in it")
    if options.hub.private and options.hub.push is None:
        raise ValueError("--private is for --push; leave it out")
    model = load_recognizer(options.checkpoint, weights=options.weights)
    results = _results(options, model)
    model.save_pretrained(folder, include_backbone=not options.without_backbone, results=results)
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    backbone = "without" if options.without_backbone else "with"
    say(f"wrote {folder}: {type(model).__name__}, {backbone} CLIP's weights, {size / 1e6:,.1f} MB")
    say(f"read {folder / 'README.md'} and choose a licence there; the test is {'in it' if results else 'not in it'}")
    if options.hub.push is not None:
        say(f"uploaded to {_pushed(folder, options.hub.push, private=options.hub.private)}")
    say(f'use: zsar classify VIDEO --classes "a, b" --checkpoint {options.output}')
    return 0


def _results(options: ShareOptions, model: ActionRecognizer) -> dict[str, Any] | None:
    """The results of a test of these weights; those beside the checkpoint only if they are."""
    path = options.results
    beside = options.checkpoint.parent.parent / "results.json"
    if path is None and not (options.checkpoint.parent.name == "checkpoints" and beside.is_file()):
        return None
    content = read_given_json(path or beside, what="result", remedy=_REMEDY, bytes_of_names=True)
    is_result = isinstance(content, dict) and isinstance(content.get("sets"), dict)
    if not is_result or not isinstance(content.get("model"), dict):
        raise ValueError(f"{path or beside}: it was not written by `zsar test`; {_REMEDY}")
    if result_weights(content) == model.checkpoint_weights_hash:
        return dict(content)
    if path is None:
        return None
    raise ValueError(
        f"{path} is of other weights (hash {result_weights(content)}) than {options.checkpoint} "
        f"(hash {model.checkpoint_weights_hash}); {_REMEDY}"
    )


def _pushed(folder: Path, repository: str, *, private: bool) -> str:
    """Uploads what was written, its README.md included; returns the address of the commit."""
    try:
        return uploaded(folder, repository, private=private or None)
    except Exception as error:  # huggingface_hub hands on what its HTTP client raises
        raise ValueError(
            f"{folder} is written, but not uploaded to {repository}: {cause_of(error)}; log in with `hf auth login`, "
            f"then run: hf upload {repository} {folder}"
        ) from error
