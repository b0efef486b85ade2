"""TunedTextMap: class texts before and after prompt tuning (DTS-TPT, Figure 5).

The figure shows t-SNE of the classes' features before and after tuning for one text each, class names and explanations,
and their standard deviation, which tuning raises; it does not say of which video. Here the numbers are of all decoded
videos (`text_spread.py`), and the picture shows the classes as tuned for some of them, all on one map.
"""

from __future__ import annotations

import numpy as np
from lightning.pytorch import LightningModule, Trainer
from numpy.typing import NDArray

from zsar.callbacks.pictures.embedding_map.numbers.projection import Projection
from zsar.callbacks.pictures.embedding_map.numbers.text_spread import TextSpread, class_points
from zsar.callbacks.pictures.embedding_map.observed_batches import ObservedBatches, ObservingCallback
from zsar.callbacks.pictures.embedding_map.text_content import TunedTexts, text_content
from zsar.callbacks.pictures.embedding_map.text_figure import draw_texts
from zsar.callbacks.pictures.figures import linspace_indices
from zsar.callbacks.pictures.written_pictures import WrittenPictures
from zsar.callbacks.prompt_tuning.prompt_adaptation import PromptAdaptation
from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.recognition.scorers.token_rows import end_embeddings
from zsar.runtime.gathering import gather_from_all
from zsar.runtime.number_limits import check_least
from zsar.runtime.run_seed import run_seed
from zsar.runtime.terminal import say


class TunedTextMap(ObservingCallback):
    """Writes `pictures/embedding_map/SET/texts_METHOD.png` and `.json` in a test with an adaptation that tunes prompts.

    Only the shown videos' class embeddings are kept; of the others, sums. Undecodable videos are left out.
    """

    def __init__(self, *, n_videos: int = 8, projection: Projection = Projection()) -> None:
        """Stores the settings.

        Args:
            n_videos: Number of videos of each set that are shown, evenly spread over it; all if the set has fewer.
            projection: How the map is made.

        Raises:
            ValueError: A number below 1.
        """
        check_least(1, n_videos=n_videos)
        self.n_videos = n_videos
        self.projection = projection
        self._shown_rows: dict[str, set[int]] = {}
        self._spreads: dict[str, dict[str, TextSpread]] = {}
        self._points: dict[str, dict[int, dict[str, NDArray[np.float32]]]] = {}

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Chooses the videos.

        Raises:
            ValueError: The model is not an `ActionRecognizer`; t-SNE without scikit-learn.
        """
        super().on_test_start(trainer, pl_module)
        assert isinstance(pl_module, ActionRecognizer)
        self.projection.check_installed()
        tables = trainer.datamodule.sets  # type: ignore[attr-defined]
        names = [text.set_name for text in pl_module.class_texts["test"]]
        self._shown_rows = {name: linspace_indices(self.n_videos, len(tables[name])) for name in names}
        self._spreads, self._points = {name: {} for name in names}, {name: {} for name in names}

    def on_test_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Checks that prompts are tuned, when all callbacks have started.

        Raises:
            ValueError: They are not.
        """
        assert isinstance(pl_module, ActionRecognizer)
        if not isinstance(pl_module.adaptation, PromptAdaptation):
            raise ValueError(
                "TunedTextMap shows what prompt tuning changes, but the test tunes no prompts; append "
                "--config adaptation/tpt, dts_tpt or zar, or leave TunedTextMap out"
            )

    def see(self, batch: VideoBatch, text: ClassText, observed: ObservedBatches) -> None:
        """Adds the videos of a batch to the sums, and keeps the shown ones."""
        adaptation, name = observed.adaptation, text.set_name
        assert isinstance(adaptation, PromptAdaptation)
        assert adaptation.untuned is not None
        decoded = (~batch.failed).nonzero().flatten()
        rows = batch.indices[decoded].tolist()
        named = zip(adaptation.untuned.class_texts.items(), observed.embedded.class_texts, strict=True)
        width = observed.embedded.frames.shape[-1]
        for (texts, untuned), tuned in named:
            if texts not in self._spreads[name]:
                untuned = end_embeddings(untuned, width)
                self._spreads[name][texts] = TextSpread(class_points(untuned.float().cpu().numpy()))
            points = class_points(end_embeddings(tuned[decoded], width).float().cpu().numpy())
            self._spreads[name][texts].add(points)
            for row, of_video in zip(rows, points, strict=True):
                if row in self._shown_rows[name]:
                    self._points[name].setdefault(row, {})[texts] = of_video.astype(np.float32)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the maps; the first process those of all."""
        assert isinstance(pl_module, ActionRecognizer)
        pictures = WrittenPictures("embedding_map", trainer, first_word=self._stem)
        everyone = gather_from_all((self._spreads, self._points), trainer)
        if trainer.is_global_zero:
            for text in pl_module.class_texts["test"]:
                table = trainer.datamodule.sets[text.set_name]  # type: ignore[attr-defined]
                points = {row: p for _, of_process in everyone for row, p in of_process[text.set_name].items()}
                spreads = _merged([of_process[text.set_name] for of_process, _ in everyone])
                keys = {row: table.key(row) for row in sorted(points)}
                self._write(pictures, TunedTexts(text.set_name, text.names, spreads, keys, points))
        self._spreads, self._points = {}, {}
        pictures.finish()

    @property
    def _stem(self) -> str:
        return f"texts_{self.projection.method}"

    def _write(self, pictures: WrittenPictures, texts: TunedTexts) -> None:
        n_points = len(texts.names) * (1 + len(texts.keys))
        if not texts.keys or n_points < self.projection.fewest_points:
            least, method = self.projection.fewest_points, self.projection.name
            n = "none of the chosen videos was decoded" if not texts.keys else f"{method} needs {least} points"
            say(f"no map of the tuned texts of {texts.set_name}: {n}")
            return
        content = text_content(texts, self.projection, seed=run_seed())
        shown, alt, numbers = content.shown, content.alt, content.numbers
        pictures.add(texts.set_name, self._stem, title=shown.title, alt=alt, numbers=numbers, figure=draw_texts(shown))


def _merged(processes: list[dict[str, TextSpread]]) -> dict[str, TextSpread]:
    """The sums of all processes; one without videos has none."""
    merged: dict[str, TextSpread] = {}
    for spreads in processes:
        for name, spread in spreads.items():
            if name in merged:
                merged[name].merge(spread)
            else:
                merged[name] = spread
    return merged
