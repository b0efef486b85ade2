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

from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from torch.nn import functional

from zsar.callbacks.pictures.chosen_videos import VideoChoice, file_stem, read_clips
from zsar.callbacks.pictures.frame_prompt_figure import draw_frame_prompt_scores
from zsar.callbacks.pictures.tested_videos import TestedSet, TestedVideos
from zsar.callbacks.pictures.written_pictures import WrittenPictures
from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.number_limits import check_least

_KIND = "frame_prompt_scores"


class FramePromptScores(Callback):
    """Writes `frame_prompt_scores/SET/ROW_KEY.json` and `.png` into the pictures of a run, for some videos of each set.

    ROW is the video's row in the set, counted from 0, KEY its name with "_" for characters not allowed in file names.
    The JSON file has all frames of all views; the picture has at most eight frames of the first view, which spans the
    whole video, with the best prompts of the predicted class and, if different, of the true class. With a WandbLogger
    the pictures are logged too. The videos are chosen and read again at the end of the test. Undecodable videos are
    left out and reported.
    """

    def __init__(self, *, videos: VideoChoice = VideoChoice(), k: int = 5) -> None:
        """Stores the settings.

        Args:
            videos: Which videos of each set.
            k: Number of prompts per frame, best first; all if a class has fewer.

        Raises:
            ValueError: k is below 1.
        """
        check_least(1, k=k)
        self.videos = videos
        self.k = k
        self._tested = TestedVideos()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Checks the choice of videos.

        Raises:
            ValueError: The model is not an `ActionRecognizer`, or a chosen video or class is not in any of the sets.
        """
        self._tested.start(pl_module, needed_by=type(self).__name__)
        assert isinstance(pl_module, ActionRecognizer)
        texts = pl_module.class_texts["test"]
        tables = {text.set_name: trainer.datamodule.sets[text.set_name] for text in texts}  # type: ignore[attr-defined]
        self.videos.check(tables, {text.set_name: text.names for text in texts})

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,  # noqa: ANN401 - Lightning's signature
        batch: VideoBatch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Notes the predictions of a batch."""
        self._tested.add(batch, outputs, dataloader_idx)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the files of the chosen videos, and reports which could not be shown."""
        assert isinstance(pl_module, ActionRecognizer)
        written, n_chosen, failed = WrittenPictures(_KIND, trainer), 0, []
        for name, tested in self._tested.gathered(trainer).items():
            table = trainer.datamodule.sets[name]  # type: ignore[attr-defined]
            chosen = self.videos.positions(tested, table)
            n_chosen += len(chosen)
            failed += [f"{name}: {table.key(int(tested.rows[i]))}" for i in chosen if tested.failed[i]]
            shown = [i for i in chosen if not tested.failed[i]]
            for position in shown[trainer.global_rank :: trainer.world_size]:
                self._write(written, trainer, pl_module, tested, position)
        written.finish(of=n_chosen + self.videos.n_untested(n_chosen), undecodable=failed)

    def _write(
        self,
        written: WrittenPictures,
        trainer: Trainer,
        model: ActionRecognizer,
        tested: TestedSet,
        position: int,
    ) -> None:
        row, text = int(tested.rows[position]), tested.text
        table = trainer.datamodule.sets[text.set_name]  # type: ignore[attr-defined]
        key, batch = table.key(row), read_clips(trainer, tested.dataloader_idx, [row])
        if batch.failed[0]:
            written.leave_out(f"{text.set_name}: {key}")
            return
        similarities = _similarities(trainer, model, batch.frames[0].to(model.device), text)
        video = {"video": key, "path": table.path(row), "set": text.set_name, "row": row}
        content = {
            **video,
            "scorer": model.scoring.scorer,
            **self._content(similarities, text, int(tested.labels[position]), tested.probabilities[position]),
        }
        true, predicted = content["true"]["class"], content["predicted"]["class"]
        written.add(
            text.set_name,
            file_stem(row, key),
            title=f"{key}: {true}" if content["correct"] else f"{key}: {true}, predicted {predicted}",
            alt=f"Frames of {key}, of the class {true}, each with the prompts of {predicted} that it is closest to.",
            numbers=content,
            figure=draw_frame_prompt_scores(content, batch.frames[0, 0]),
        )

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
