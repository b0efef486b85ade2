"""FramePromptScores: which prompts the frames of a test video match, and which attributes decide (AP-CLIP, Figure 5).

With the frames v_1 ... v_n of all views of a video and the prompts c_1 ... c_P of a class, L2-normalized, the score of
frame i and prompt j is the cosine s_ij = v_i . c_j. The share of a group of prompts g (Scene, Actor, Body) is the
fraction of frames whose best prompt is of that group:

    share(g) = mean_i |best_i and g| / |best_i|,  best_i = {j : s_ij = max_j s_ij}

that is, which group wins the maxima of v2t = mean_i max_j s_ij, one half of AP-CLIP's score. Tied prompts (a model that
truncates texts may read them as equal) share the frame equally. The shares of all groups sum to 1, and so do those of
all attributes. The other half, t2v = mean_j max_i s_ij, is an
equal mean over prompts: for each group and attribute, the mean of max_i s_ij over their prompts is given.

Departures from the figure: it shows attention maps and no shares. The decision of a model that compares mean frames
is based on other numbers; here they only describe its frames; the file names the scorer.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import WandbLogger
from torch import Tensor
from torch.nn import functional

from zsar.callbacks.pictures.figures import linspace_indices, save_figure
from zsar.callbacks.pictures.frame_prompt_figure import draw_frame_prompt_scores
from zsar.callbacks.results.written_line import say_written
from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.files.whole_files import write_json_whole
from zsar.runtime.gathering import gather_from_all
from zsar.runtime.number_limits import check_least
from zsar.runtime.terminal import say

_FOLDER = "frame_prompt_scores"
_LONGEST_NAME = 120  # characters of a key in a file name; file systems take 255 bytes


class FramePromptScores(Callback):
    """Writes `RUN_DIR/frame_prompt_scores/SET/ROW_KEY.json` and `.png` for some videos of each set in `zsar test`.

    ROW is the video's row in the set, counted from 0, KEY its name with "_" for characters not allowed in file names.
    The JSON file has all frames of all views; the picture has at most eight frames of the first view, which spans the
    whole video, with the best prompts of the predicted class and, if different, of the true class. With a WandbLogger
    the pictures are logged too. Each process writes its own videos. Undecodable videos are left out and
    reported. Files of an earlier test stay unless this one writes the same video.
    """

    def __init__(self, *, n_videos: int = 8, videos: list[str] | None = None, k: int = 5) -> None:
        """Stores the settings; videos are chosen when a test starts, which knows the sets.

        Args:
            n_videos: Number of videos per set, evenly spread over it; all if the set has fewer.
            videos: These videos instead, named as in the columns video or path of predictions_SET.csv.
            k: Number of prompts per frame, best first; all if a class has fewer.

        Raises:
            ValueError: A number is below 1, or the list is empty.
        """
        check_least(1, n_videos=n_videos, k=k)
        if videos is not None and not videos:
            raise ValueError("videos is an empty list; name some, or leave it null for n_videos of each set")
        self.n_videos = n_videos
        self.videos = videos
        self.k = k
        self._chosen: dict[str, set[int]] = {}
        self._written: dict[str, list[tuple[int, str]]] = {}
        self._failed: list[str] = []

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Chooses the videos.

        Raises:
            TypeError: The model is not an `ActionRecognizer`.
            ValueError: A video is not in any of the sets.
        """
        if not isinstance(pl_module, ActionRecognizer):
            raise TypeError(f"FramePromptScores needs an ActionRecognizer, not a {type(pl_module).__name__}")
        names = [text.set_name for text in pl_module.class_texts["test"]]
        tables = {name: trainer.datamodule.sets[name] for name in names}  # type: ignore[attr-defined]
        self._failed, self._written = [], {name: [] for name in names}
        if self.videos is None:
            self._chosen = {name: linspace_indices(self.n_videos, len(table)) for name, table in tables.items()}
            return
        called = {name: [{t.key(i), t.path(i)} for i in range(len(t))] for name, t in tables.items()}
        wanted = set(self.videos)
        missing = wanted.difference(*(calls for of_set in called.values() for calls in of_set))
        if missing:
            raise ValueError(
                f"no test set ({', '.join(names)}) has the video(s) {', '.join(map(repr, sorted(missing)))}; give "
                f"names as in predictions_SET.csv, such as {next(iter(tables.values())).key(0)!r}"
            )
        self._chosen = {name: {i for i, calls in enumerate(c) if calls & wanted} for name, c in called.items()}

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - Lightning's signature
        batch: VideoBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Writes the files of the chosen videos of a batch."""
        assert isinstance(pl_module, ActionRecognizer)
        text = pl_module.class_texts["test"][dataloader_idx]
        table = trainer.datamodule.sets[text.set_name]  # type: ignore[attr-defined]
        for row, index in enumerate(batch.indices.tolist()):
            if index not in self._chosen[text.set_name]:
                continue
            key = table.key(index)
            if batch.failed[row]:
                self._failed.append(f"{text.set_name}: {key}")
                continue
            similarities = _similarities(trainer, pl_module, batch.frames[row], text)
            video = {"video": key, "path": table.path(index), "set": text.set_name, "row": index}
            label, probabilities = int(batch.labels[row]), outputs["probabilities"][row].float()
            content = {
                **video,
                "scorer": pl_module.scoring.scorer,
                **self._content(similarities, text, label, probabilities),
            }
            stem = Path(trainer.default_root_dir) / _FOLDER / text.set_name / _file_stem(index, key)
            write_json_whole(stem.with_name(f"{stem.name}.json"), content)
            picture = save_figure(
                draw_frame_prompt_scores(content, batch.frames[row, 0].cpu()), stem.with_name(f"{stem.name}.png")
            )
            self._written[text.set_name].append((index, str(picture)))

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Logs the pictures, and reports which were written and which failed."""
        everyone = gather_from_all((self._written, self._failed), trainer)
        if not trainer.is_global_zero:
            return
        failed = sorted(video for _, of_process in everyone for video in of_process)
        written = {name: sorted(w for of_all, _ in everyone for w in of_all[name]) for name in self._chosen}
        for name, pictures in written.items():
            for logger in trainer.loggers:
                if pictures and isinstance(logger, WandbLogger):
                    logger.log_image(f"{_FOLDER}/{name}", [path for _, path in pictures])
        n_written, n_chosen = sum(map(len, written.values())), sum(map(len, self._chosen.values()))
        say_written(Path(trainer.default_root_dir) / _FOLDER, f"{n_written} of {n_chosen} pictures into")
        for video in failed:
            say(f"no picture, it could not be decoded: {video}")
        if n_written + len(failed) < n_chosen:
            say(f"{n_chosen - n_written - len(failed)} of the chosen videos were not tested (limit_test_batches)")

    def _content(self, similarities: Tensor, text: ClassText, label: int, probabilities: Tensor) -> dict[str, Any]:
        """The JSON entries of a video's true and predicted class."""
        predicted = int(probabilities.argmax())
        of_class = {}
        for role, number in (("predicted", predicted), ("true", label)):
            scores = prompt_scores(similarities[:, :, number], text, number, k=self.k)
            of_class[role] = {
                "class": text.names[number],
                "probability": round(float(probabilities[number]), 6),
                **scores,
            }
        return {
            "correct": predicted == label,
            "n_views": similarities.shape[0],
            "n_frames_per_view": similarities.shape[1],
            "groups": None if text.prompt_groups is None else list(dict.fromkeys(text.prompt_groups)),
            **of_class,
        }


def prompt_scores(similarities: Tensor, text: ClassText, label: int, *, k: int) -> dict[str, Any]:
    """Scores the prompts of one class by the frames of a video; for the formulas see the top of this file.

    Args:
        similarities: Cosine similarities of frames and prompts of the class, [V, T, P].
        text: The class text.
        label: Index of the class.
        k: Number of prompts per frame.

    Returns:
        v2t, t2v and their mean, `late_interaction`; the `frames` of all views with their best prompts; all `prompts`
        with their best score; and, if prompts have attributes, `group_shares` and `attribute_shares`, which sum to
        1, and `group_best_means` and `attribute_best_means`, the means of the best scores of their prompts.
    """
    n_frames, flat = similarities.shape[1], similarities.flatten(0, 1)
    ranked, order = flat.sort(dim=1, descending=True, stable=True)
    best = flat.amax(dim=0)
    v2t, t2v = float(ranked[:, 0].mean()), float(best.mean())
    prompts: list[dict[str, Any]] = [{"prompt": prompt} for prompt in text.prompts[label]]
    shares = {}
    if text.prompt_groups is not None and text.prompt_attributes is not None:
        for prompt, group, attribute in zip(prompts, text.prompt_groups, text.prompt_attributes, strict=True):
            prompt.update(group=group, attribute=attribute)
        ties = (flat == ranked[:, :1]).double()
        winners = (ties / ties.sum(dim=1, keepdim=True)).mean(dim=0)
        for called, labels in (("group", text.prompt_groups), ("attribute", text.prompt_attributes)):
            members = {name: [j for j, other in enumerate(labels) if other == name] for name in dict.fromkeys(labels)}
            shares[f"{called}_shares"] = {name: float(winners[rows].sum()) for name, rows in members.items()}
            shares[f"{called}_best_means"] = {
                name: round(float(best[rows].mean()), 6) for name, rows in members.items()
            }
    frames = [
        {
            "view": i // n_frames,
            "frame": i % n_frames,
            "best": [{**prompts[j], "score": round(s, 6)} for j, s in zip(js[:k], scores[:k], strict=True)],
        }
        for i, (js, scores) in enumerate(zip(order.tolist(), ranked.tolist(), strict=True))
    ]
    return {
        "late_interaction": round((v2t + t2v) / 2, 6),
        "v2t": round(v2t, 6),
        "t2v": round(t2v, 6),
        **shares,
        "prompts": [{**p, "best_score": round(s, 6)} for p, s in zip(prompts, best.tolist(), strict=True)],
        "frames": frames,
    }


def _similarities(trainer: Trainer, model: ActionRecognizer, frames: Tensor, text: ClassText) -> Tensor:
    """Cosine similarities of the frames uint8 [V, T, 3, H, W] of a video and all prompts, fp32 [V, T, C, P]."""
    with trainer.precision_plugin.test_step_context():
        embedded = model.embed_views(frames[None])[0]
        classes = model.class_embeddings.cached(text.prompts, model.device)
    return torch.einsum("vtd,cpd->vtcp", functional.normalize(embedded.float(), dim=-1), classes.float()).cpu()


def _file_stem(index: int, key: str) -> str:
    """A unique file name for each video: keys that differ only in special characters have different rows."""
    return f"{index:05d}_{re.sub(r'[^A-Za-z0-9._-]+', '_', key)[-_LONGEST_NAME:]}"
