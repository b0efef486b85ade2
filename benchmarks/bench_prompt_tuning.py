"""Seconds per video of prompt tuning: zsar against direct implementations of the papers.

    python benchmarks/bench_prompt_tuning.py [--videos 4] [--frames-timed 32] [--device cuda --precision bf16]

ViT-B/16 with random weights, the 101 class names of UCF-101 and, for DTS-TPT with two text sets, their explanations;
K = 32 views of 8 frames (ZAR: 39 different views out of 48, of 16 frames). The direct implementations are those of
`tests/reference`: one video at a time, 77 token positions, views embedded again in each step, whenever they are used.
"spotting" is TPT by BIKE's concept spotting, which reads all token positions of every prompt; how much longer it takes
than by the mean frame, which needs the end of each, is printed below the table.

Encoding and tuning are timed separately: tuning with given frame embeddings; encoding by extrapolation from
`--frames-timed` frames in one pass, as 256 frames take minutes on a CPU. Both versions run one after the other in one
run. Their results are compared, too.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import open_clip
import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))  # neither benchmarks nor tests are installed
from benchmarks.rows import Row, add_row_options, write_rows
from tests.reference import prompt_tuning as reference
from zsar.callbacks.prompt_tuning.prompt_learner import PromptLearner, phrase_tokens
from zsar.callbacks.prompt_tuning.prompt_tuner import PromptTuner, TuningRule
from zsar.callbacks.prompt_tuning.temporal_schedule import frame_indices
from zsar.datamodules.class_identity import clean_names
from zsar.datamodules.class_text.text_files import read_class_text
from zsar.datamodules.class_text.vocabulary import exact_names
from zsar.lightning_modules.open_clip_towers.open_clip_backbone import OpenClipBackbone
from zsar.lightning_modules.recognition.scorers.concept_spotting import concept_spotting
from zsar.lightning_modules.recognition.scorers.mean_pooled_cosine import mean_pooled_cosine
from zsar.runtime.device_clock import device_seconds


@dataclass(frozen=True)
class Method:
    """A method: its rule, phrase, views and frames, how it scores, and how often it embeds the views as written."""

    phrase: str
    rule: TuningRule
    weights: tuple[int, ...]
    n_frames: int
    n_text_sets: int
    spots: bool = False

    @property
    def n_embeddings_as_written(self) -> int:
        """Once in each step, and for the choice before them; the prediction needs the original view only."""
        return len(self.rule.schedule) + (self.rule.selection == "once")


def rule(schedule: tuple[str, ...], consistency: str, share: float, learning_rate: float, selection: str) -> TuningRule:
    """A rule with PyTorch's weight decay."""
    return TuningRule(
        schedule=schedule,
        consistency=consistency,  # type: ignore[arg-type]
        confident_share=share,
        selection=selection,  # type: ignore[arg-type]
        learning_rate=learning_rate,
        weight_decay=0.01,
    )


DTS_STEPS = ("all", "right-6", "right-4")
_TPT = rule(("all",), "single", 0.1, 5e-3, "once")
METHODS = {
    "TPT": Method("a photo of a", _TPT, (1,) * 32, 8, 1),
    "TPT, spotting": Method("a photo of a", _TPT, (1,) * 32, 8, 1, spots=True),
    "DTS-TPT, names": Method("an action of", rule(DTS_STEPS, "single", 0.2, 1e-3, "every_step"), (1,) * 32, 8, 1),
    "DTS-TPT, hybrid": Method("an action of", rule(DTS_STEPS, "hybrid", 0.2, 1e-3, "every_step"), (1,) * 32, 8, 2),
    "ZAR": Method("a video of a", rule(("all",), "single", 0.8, 5e-3, "every_step"), (0, *(4,) * 3, *(1,) * 36), 16, 1),
}


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--videos", type=int, default=4, help="videos that ours tunes at a time")
    parser.add_argument("--frames-timed", type=int, default=32, help="frames by which encoding is timed")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--memory-mb", type=float, default=2000.0, help="of ours")
    parser.add_argument("--architecture", default="ViT-B-16-quickgelu")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32", help="of the visual tower")
    add_row_options(parser)
    options = parser.parse_args()
    if options.quick:
        options.architecture, options.videos, options.frames_timed, options.methods = "tiny-clip", 1, 8, ["TPT"]
    torch.manual_seed(0)
    backbone = OpenClipBackbone(options.architecture, "random").to(options.device).eval().requires_grad_(False)
    with torch.no_grad():  # random texts lie on one spot otherwise, and there is nothing to tune
        backbone.clip.token_embedding.weight.mul_(20)
        backbone.clip.positional_embedding.mul_(20)
    names = clean_names(exact_names("ucf101"))
    explanations = read_class_text("test", names, "ucf101_explanations").prompts
    texts = [[f"{name}." for name in names], [texts_of_class[0] for texts_of_class in explanations]]
    per_frame = encoding_seconds(backbone, options.frames_timed, options.device, options.precision)
    console = Console(width=120)
    console.print(
        f"{options.architecture}, {len(names)} classes, {options.device} with {torch.get_num_threads()} threads; "
        f"encoding in {options.precision} takes {1e3 * per_frame:.1f} ms a frame (of {options.frames_timed} timed)"
    )
    columns = ("tuning: ours", "as written", "ratio", "encoding: ours", "as written", "both: ratio", "encoding's share")
    table = Table("seconds per video", *columns, "largest difference of a probability")
    seconds = {}
    rows: list[Row] = []
    for name in options.methods:
        method = METHODS[name]
        ours, written, difference = tuning_seconds(backbone, method, texts, options)
        seconds[name] = ours
        frames = len(method.weights) * method.n_frames * per_frame
        as_written = sum(method.weights or (1,)) * method.n_frames * per_frame * method.n_embeddings_as_written
        table.add_row(
            name,
            *(f"{ours:.2f}", f"{written:.1f}", f"{written / ours:.1f}", f"{frames:.1f}", f"{as_written:.1f}"),
            *(f"{(written + as_written) / (ours + frames):.1f}", f"{100 * frames / (ours + frames):.0f} %"),
            f"{difference:.1e}",
        )
        tuned = Row(
            what=f"{name}, {options.architecture}, {len(names)} classes: tuning",
            unit="s",
            ours=ours,
            alternative="as written",
            theirs=written,
            note=f"largest difference of a probability {difference:.1e}",
        )
        embedded = Row(
            what=f"{name}: tuning and encoding",
            unit="s",
            ours=ours + frames,
            alternative="as written",
            theirs=written + as_written,
            note="encoding extrapolated from some frames",
        )
        rows += [tuned, embedded]
    console.print(table)
    write_rows(options, rows)
    if {"TPT", "TPT, spotting"} <= seconds.keys():
        ratio = seconds["TPT, spotting"] / seconds["TPT"]
        console.print(f"ours by concept spotting takes {ratio:.1f} times as long as by the mean frame")


def encoding_seconds(backbone: OpenClipBackbone, n_frames: int, device: str, precision: str) -> float:
    """Seconds per frame of the visual tower, the second of two passes."""
    frames = torch.randn(n_frames, 3, *backbone.image_size, device=device)
    with torch.no_grad(), torch.autocast(device, torch.bfloat16, enabled=precision == "bf16"):
        backbone.encode_frames(frames)
        start = device_seconds(device)
        backbone.encode_frames(frames)
        return (device_seconds(device) - start) / n_frames


def tuning_seconds(
    backbone: OpenClipBackbone, method: Method, texts: list[list[str]], options: argparse.Namespace
) -> tuple[float, float, float]:
    """Seconds per video of ours and as written, and the largest difference of a probability of the first video."""
    sets = texts[: method.n_text_sets]
    frames = torch.randn(options.videos, len(method.weights), method.n_frames, backbone.embedding_width)
    frames = (frames + 3 * torch.randn(options.videos, 1, 1, backbone.embedding_width)).to(options.device)
    tokens = phrase_tokens(backbone.text, method.phrase)

    def score_views(of_frames: Tensor, classes: Tensor) -> Tensor:
        score = concept_spotting if method.spots else mean_pooled_cosine
        return score(of_frames, classes, backbone.logit_scale)[:, :, 0]

    with torch.no_grad():
        learners = [
            PromptLearner(
                backbone.text,
                [[text] for text in of_set],
                phrase=None,
                n_context=len(tokens),
                class_position="end",
                device=torch.device(options.device),
                reads_tokens=method.spots,
            )
            for of_set in sets
        ]
        context = backbone.text.embed_tokens(tokens.to(options.device))
        tuner = PromptTuner(learners, context, score_views, method.rule, memory_mb=options.memory_mb)
        weights = torch.tensor(method.weights, dtype=torch.float32, device=options.device)
        start = device_seconds(options.device)
        tuned = tuner.tune(frames, weights, [0] * options.videos)
        ours = (device_seconds(options.device) - start) / options.videos
    start = device_seconds(options.device)
    expected = as_written(backbone, method, frames[0], sets)
    written = device_seconds(options.device) - start
    probabilities = [score_views(frames, classes)[0, 0].softmax(dim=-1) for classes in tuned.class_texts]
    mean = torch.stack(probabilities).mean(dim=0)
    return ours, written, float((mean - expected.logits.softmax(dim=-1)).abs().max())


def as_written(backbone: OpenClipBackbone, method: Method, frames: Tensor, sets: list[list[str]]) -> reference.Result:
    """The restatement on one video, whose frame embeddings [V, T, D] are given."""
    tokenizer = open_clip.SimpleTokenizer()
    generators = [torch.Generator()]
    steps = [frame_indices(subset, method.n_frames, generators)[0].tolist() for subset in method.rule.schedule]
    settings = reference.Settings(
        phrase=method.phrase,
        class_position="end",
        schedule=tuple(tuple(step) for step in steps),
        consistency=method.rule.consistency,
        confident_share=method.rule.confident_share,
        select_once=method.rule.selection == "once",
        learning_rate=method.rule.learning_rate,
        weight_decay=method.rule.weight_decay,
        prediction="original",
        score="spotting" if method.spots else "mean_frame",
    )
    ids = {"sot": tokenizer.sot_token_id, "eot": tokenizer.eot_token_id}
    return reference.tune(
        backbone.clip, tokenizer.encode, frames, method.weights, sets, settings, **ids, encode_views=lambda views: views
    )


if __name__ == "__main__":
    main()
