"""MemoryAdaptation: fills a memory with the test videos of a set, and predicts these with it.

First every video of a set is embedded (`observe`), which fills the memory; then `finish` scores all of them; then the
test passes the videos again, and `adapt` looks their logits up. A video has some kB here: its mean frames, and three
rows of C numbers. The tower embeds a video again only for those who look at the frames: pictures, and models with a
logit bias, whose own probabilities are of the frames.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor
from torch.nn import functional

from zsar.callbacks.confidence_memory.checked_scores import check_one_view
from zsar.callbacks.confidence_memory.kept_views import Observations, joined, observe_for_dmn, observe_for_tda
from zsar.callbacks.confidence_memory.memory_rule import Memory, MemorySettings, empty_memory
from zsar.callbacks.confidence_memory.tda_caches import TDASettings
from zsar.callbacks.prompt_tuning.embedded_views import embed_all_views
from zsar.callbacks.prompt_tuning.tuning_report import TuningTotals
from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.lightning_modules.recognition.class_memory import stream_key
from zsar.lightning_modules.recognition.scorers.pooled_frames import pooled_frames
from zsar.lightning_modules.recognition.scoring import EmbeddedBatch
from zsar.lightning_modules.training.finite_numbers import check_logits
from zsar.runtime.device_clock import DeviceClock

if TYPE_CHECKING:
    from zsar.lightning_modules.recognition.recognizer import ActionRecognizer

MemoryOrder = Literal["two_pass", "stream"]
_VIEWS_PER_PASS = 32


@dataclass
class _Observed:
    """The videos of a set that were embedded, in the order in which they came.

    Attributes:
        observations: Of each batch.
        untuned: Logits without the memory, of each batch.
        frames: Mean frames of the test views, [B, V, 1, D] of each batch.
        n: Number of videos.
        rows: Index of a video in its set -> its row here.
        decoded: Id of each video that the memory may hold, by its row.
    """

    n: int = 0

    observations: list[Observations] = field(default_factory=list)
    untuned: list[Tensor] = field(default_factory=list)
    frames: list[Tensor] = field(default_factory=list)
    rows: dict[int, int] = field(default_factory=dict)
    decoded: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Scored:
    """The videos of a set with their logits.

    Attributes:
        rows: Index of a video in its set -> its row.
        frames: Mean frames of the test views, [N, V, 1, D].
        untuned: Logits without the memory, [N, C].
        by_views: Log-probabilities of the mean of the kept views, [N, C].
        logits: Logits with the memory, [N, C].
    """

    rows: Mapping[int, int]
    frames: Tensor
    untuned: Tensor
    by_views: Tensor
    logits: Tensor


class MemoryAdaptation:
    """Memories of one model in one run, one for each set of classes.

    Attributes:
        totals: Effects of the memories so far, by name of the set.
        memories: The final memory of each set that is finished.
    """

    def __init__(
        self, model: ActionRecognizer, texts: Sequence[ClassText], *, settings: MemorySettings, order: MemoryOrder
    ) -> None:
        """Starts without videos.

        Args:
            model: The tested model, which `check_scores` accepts.
            texts: The classes of each set of the run.
            settings: Settings of the memories.
            order: Whether all videos are scored with the final memory, or each with those before it and itself.
        """
        self._model = model
        self._settings = settings
        self._order = order
        self.totals = {text.set_name: TuningTotals() for text in texts}
        self.memories: dict[str, Memory] = {}
        self._observed: dict[str, _Observed] = {}
        self._scored: dict[str, _Scored] = {}

    def observe(self, batch: VideoBatch, text: ClassText, identities: Sequence[str], *, precision: str) -> None:
        """Embeds a batch, and shows it to the memory if that takes all videos before it scores any.

        Args:
            batch: The videos, on the model's device.
            text: The classes of their set.
            identities: Their ids in the data set.
            precision: The precision of the computation, for messages.

        Raises:
            NotFiniteError: Logits are NaN or infinite.
            ValueError: The method stores the plain view of a video, but the test has several.
        """
        name, totals = text.set_name, self.totals[text.set_name]
        clock = DeviceClock(self._model.device)
        observations, frames, untuned = self._embed(batch, text)
        check_logits(untuned, identities, precision=precision)
        totals.encoding_seconds += clock.lap()
        observed = self._observed.setdefault(name, _Observed())
        memory = self._memory(text)
        for row, (index, identity, failed) in enumerate(
            zip(batch.indices.tolist(), identities, batch.failed.tolist(), strict=True)
        ):
            at = observed.rows[index] = observed.n + row
            if not failed:
                observed.decoded[at] = identity
                if self._order == "two_pass":
                    memory.insert(observations, row, identity=identity)
        observed.n += len(batch)
        observed.observations.append(observations)
        observed.frames.append(frames.cpu())
        observed.untuned.append(untuned.cpu())
        totals.tuning_seconds += clock.lap()
        if batch.views is not None:
            totals.view_seconds += float(batch.views.seconds[~batch.failed].sum())

    def finish(self, text: ClassText, others: Sequence[Memory]) -> None:
        """Ends the first pass over a set: scores its videos.

        Args:
            text: The classes of the set.
            others: The memories of all processes of the run, this one's among them.
        """
        name = text.set_name
        clock = DeviceClock(torch.device("cpu"))
        observed, memory = self._observed.pop(name), self._memory(text)
        for other in others:
            if other is not memory:
                memory.merge(other)
        videos = joined(observed.observations)
        untuned = torch.cat(observed.untuned)
        logits = untuned.clone()  # of videos that could not be decoded
        if self._order == "stream":
            for row, identity in sorted(observed.decoded.items(), key=lambda pair: stream_key(pair[1])):
                memory.insert(videos, row, identity=identity)
                logits[row] = memory.score(videos.select(slice(row, row + 1)))[0]
        elif observed.decoded:
            rows = torch.tensor(list(observed.decoded))
            logits[rows] = memory.score(videos.select(rows))
        by_views = videos.probabilities.clamp(min=torch.finfo(logits.dtype).tiny).log()
        self._scored[name] = _Scored(observed.rows, torch.cat(observed.frames), untuned, by_views, logits)
        self.totals[name].tuning_seconds += clock.lap()

    def memory(self, text: ClassText) -> Memory:
        """The memory of a set as it is."""
        return self._memory(text)

    def adapt(self, batch: VideoBatch, text: ClassText) -> EmbeddedBatch:
        """The batch with its logits.

        Args:
            batch: Videos that were observed.
            text: The classes of their set.

        Returns:
            The logits, the class embeddings, and the frames: their means, or all of them if somebody looks at them.
        """
        scored, device = self._scored[text.set_name], self._model.device
        rows = torch.tensor([scored.rows[index] for index in batch.indices.tolist()])
        is_observed = self._model.adaptation is not self
        if is_observed or self._model.backbone.logit_bias is not None:
            frames = self._model.frame_embeddings(batch)
        else:
            frames = scored.frames[rows].to(device)
        return EmbeddedBatch(frames, (self._classes(text),), logits=scored.logits[rows].to(device))

    def count(self, batch: VideoBatch, logits: Tensor, text: ClassText) -> TuningTotals:
        """Counts the effects of the memory on a batch.

        Args:
            batch: The batch.
            logits: Its logits with the memory, [B, C].
            text: The classes of its set.

        Returns:
            The sums of its set so far.
        """
        scored, totals = self._scored[text.set_name], self.totals[text.set_name]
        rows = torch.tensor([scored.rows[index] for index in batch.indices.tolist()])
        before, by_views = scored.untuned[rows], scored.by_views[rows]
        labels, decoded = batch.labels.cpu(), ~batch.failed.cpu()
        totals.count(before, by_views, logits.cpu(), labels, decoded=decoded, not_tuned=torch.zeros_like(decoded))
        return totals

    def _embed(self, batch: VideoBatch, text: ClassText) -> tuple[Observations, Tensor, Tensor]:
        """The observations, on the CPU, the mean frames of the test views, and the logits without the memory."""
        model, classes = self._model, self._classes(text)
        if batch.views is None:
            test = tested = model.frame_embeddings(batch).float()
            weights = torch.ones(test.shape[1], device=test.device)
        else:
            views = embed_all_views(model, batch, batch.views, views_per_pass=_VIEWS_PER_PASS)
            test, tested, weights = views.test, views.tuned_on, views.weights
        with torch.autocast(test.device.type, enabled=False):
            logits, untuned = model.score_views(tested, classes), model.score(test, classes)
            share = self._settings.confident_share
            if isinstance(self._settings, TDASettings):
                observations = observe_for_tda(self._units(tested), logits, weights, share)
            else:
                check_one_view(test)
                plain = model.score_views(test, classes)[:, 0]
                observations = observe_for_dmn(self._units(test)[:, 0], plain, logits, weights, share)
        return observations.cpu(), test.mean(dim=2, keepdim=True), untuned

    def _units(self, frames: Tensor) -> Tensor:
        """Unit embeddings of views, as the scorer pools their frames: [N, V, T, D] -> [N, V, D]."""
        return functional.normalize(pooled_frames(frames, self._model.scoring.scorer), dim=-1)

    def _classes(self, text: ClassText) -> Tensor:
        return self._model.class_embeddings.cached(text.prompts, self._model.device)

    def _memory(self, text: ClassText) -> Memory:
        if text.set_name not in self.memories:
            units = functional.normalize(self._classes(text).float().mean(dim=1), dim=-1).cpu()
            scale = self._model.backbone.logit_scale.detach().float().cpu()
            self.memories[text.set_name] = empty_memory(self._settings, units, scale)
        return self.memories[text.set_name]
