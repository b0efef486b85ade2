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
is based on other numbers, and BIKE reads all tokens of a prompt, not its embedding alone; here they only describe its
frames; the file names the scorer.
"""

from __future__ import annotations

from typing import Any

import torch
from lightning.pytorch import Trainer
from torch import Tensor
from torch.nn import functional

from zsar.callbacks.pictures.chosen_pictures import ChosenPictures, ChosenVideo
from zsar.callbacks.pictures.chosen_videos import VideoChoice
from zsar.callbacks.pictures.frame_prompt_figure import draw_frame_prompt_scores
from zsar.callbacks.pictures.written_pictures import WrittenPictures
from zsar.datamodules.batch import ClassText
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.number_limits import check_least


class FramePromptScores(ChosenPictures):
    """Writes `frame_prompt_scores/SET/ROW_KEY.json` and `.png` into the pictures of a run, for some videos of each set.

    ROW is the video's row in the set, counted from 0, KEY its name with "_" for characters not allowed in file names.
    The JSON file has all frames of all views; the picture has at most eight frames of the first view, which spans the
    whole video, with the best prompts of the predicted class and, if different, of the true class. With a WandbLogger
    the pictures are logged too. The videos are chosen and read again at the end of the test. Undecodable videos are
    left out and reported.
    """

    kind = "frame_prompt_scores"

    def __init__(self, *, videos: VideoChoice = VideoChoice(), k: int = 5) -> None:
        """Stores the settings.

        Args:
            videos: Which videos of each set.
            k: Number of prompts per frame, best first; all if a class has fewer.

        Raises:
            ValueError: k is below 1.
        """
        super().__init__(videos)
        check_least(1, k=k)
        self.k = k

    def draw(self, trainer: Trainer, model: ActionRecognizer, video: ChosenVideo, written: WrittenPictures) -> None:
        """Writes the files of a video."""
        tested, text = video.tested, video.tested.text
        similarities = _similarities(trainer, model, video.frames.to(model.device), text)
        label, probabilities = int(tested.labels[video.position]), tested.probabilities[video.position]
        content = {
            **video.names,
            "scorer": model.scoring.scorer,
            **self._content(similarities, text, label, probabilities),
        }
        key, true, predicted = video.key, content["true"]["class"], content["predicted"]["class"]
        written.add(
            text.set_name,
            video.stem,
            title=f"{key}: {true}" if content["correct"] else f"{key}: {true}, predicted {predicted}",
            alt=f"Frames of {key}, of the class {true}, each with the prompts of {predicted} that it is closest to.",
            numbers=content,
            figure=draw_frame_prompt_scores(content, video.frames[0]),
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
        classes = model.prompt_embeddings(text.prompts)
    return torch.einsum("vtd,cpd->vtcp", functional.normalize(embedded.float(), dim=-1), classes.float()).cpu()
