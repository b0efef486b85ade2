"""EmbeddingMap: where the videos of a test lie, by class, and how well the classes are apart (ZAR, Figures 3 to 6).

The embedding of a video is the mean of its frame embeddings, as in `collected_embeddings.py`. The papers show t-SNE;
PCA is the default, as it is fast and the same in every run. The numbers are of the embeddings, not of the map, and of
all videos, not only of the drawn ones (`separation.py`).
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from lightning.pytorch import LightningModule, Trainer

from zsar.callbacks.pictures.embedding_map.collected_embeddings import CollectedEmbeddings, EmbeddedSet
from zsar.callbacks.pictures.embedding_map.map_content import MapContent, MappedVideos, map_content
from zsar.callbacks.pictures.embedding_map.numbers.projection import Projection
from zsar.callbacks.pictures.embedding_map.numbers.separation import ClassSeparation, Separation
from zsar.callbacks.pictures.embedding_map.numbers.text_spread import class_points
from zsar.callbacks.pictures.embedding_map.observed_batches import ObservedBatches, ObservingCallback
from zsar.callbacks.pictures.embedding_map.video_figure import draw_videos
from zsar.callbacks.pictures.written_pictures import WrittenPictures
from zsar.datamodules.batch import ClassText, VideoBatch
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.lightning_modules.tensor_files.video_embedding_files import write_video_embeddings
from zsar.runtime.choices import check_choice
from zsar.runtime.files.whole_files import whole_file
from zsar.runtime.number_limits import check_least
from zsar.runtime.run_seed import run_seed
from zsar.runtime.terminal import say
from zsar.runtime.text.written_names import written_name

Sets = Literal["apart", "together"]
TOGETHER = "all_sets"
_MOST_POINTS = {"pca": sys.maxsize, "tsne": 2000}


class EmbeddingMap(ObservingCallback):
    """Writes `pictures/embedding_map/SET/videos_METHOD.png`, `.json` and `.csv`, and `videos.safetensors`.

    The JSON file has the separation of all classes and all points of the map, the table the classes, the safetensors
    file the embeddings of all videos (`video_embedding_files.py`). Undecodable videos are left out and counted. Stored
    embeddings suffice; no frames are needed.
    """

    def __init__(
        self,
        *,
        projection: Projection = Projection(),
        sets: Sets = "apart",
        class_texts: bool = False,
        most_points: int | None = None,
    ) -> None:
        """Stores the settings.

        Args:
            projection: How the map is made.
            sets: "apart" for a map of each test set; "together" for one of all, such as base and novel, in the folder
                all_sets. Sets with the same class names share its colours.
            class_texts: Whether the class texts are shown, too, moved by the mean difference of videos and texts.
            most_points: Maximum number of videos on a map, evenly spread over the set; null for all with PCA and for
                2,000 with t-SNE, which takes minutes for 5,000. The numbers are of all videos.

        Raises:
            ValueError: An unknown choice, or fewer points than a map needs.
        """
        check_choice(Sets, sets=sets)
        check_least(projection.fewest_points, most_points=most_points)
        self.projection = projection
        self.sets = sets
        self.class_texts = class_texts
        self.most_points = most_points
        self._collected: CollectedEmbeddings | None = None

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Checks the model and t-SNE, and starts without videos.

        Raises:
            ValueError: The model is not an `ActionRecognizer`; t-SNE is asked for without scikit-learn.
        """
        super().on_test_start(trainer, pl_module)
        assert isinstance(pl_module, ActionRecognizer)
        self.projection.check_installed()
        self._collected = CollectedEmbeddings(pl_module.class_texts["test"])

    def see(self, batch: VideoBatch, text: ClassText, observed: ObservedBatches) -> None:
        """Collects the videos of a batch."""
        assert self._collected is not None
        self._collected.add(batch, observed.embedded.frames, text.set_name)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Writes the maps; the first process those of all."""
        assert isinstance(pl_module, ActionRecognizer)
        assert self._collected is not None
        sets, self._collected = self._collected.gathered(trainer), None
        pictures = WrittenPictures("embedding_map", trainer, first_word=self._stem)
        if trainer.is_global_zero:
            groups = [sets] if self.sets == "together" and len(sets) > 1 else [[one] for one in sets]
            for group in groups:
                self._write(pictures, group, trainer, pl_module)
        pictures.finish()

    def _write(
        self, pictures: WrittenPictures, group: list[EmbeddedSet], trainer: Trainer, model: ActionRecognizer
    ) -> None:
        folder = group[0].text.set_name if len(group) == 1 else TOGETHER
        keys = [self._keys(trainer, one) for one in group]
        n_videos = sum(map(len, group))
        if n_videos < self.projection.fewest_points:
            least = self.projection.fewest_points
            say(f"no embedding map of {folder}: {self.projection.name} needs {least} decoded videos, not {n_videos}")
            return
        texts = {name: point for one in group for name, point in self._texts(model, one.text).items()}
        videos = _together(group, keys, texts)
        content = map_content(
            videos,
            self.projection,
            seed=run_seed(),
            most_points=self.most_points or _MOST_POINTS[self.projection.method],
        )
        further = {"table": _write_table(pictures.path(folder, self._stem, ".csv"), videos.separation)}
        for one, of_set in zip(group, keys, strict=True):
            role = "embeddings" if len(group) == 1 else f"embeddings_{one.text.set_name}"
            further[role] = _write_embeddings(pictures, one, of_set)
        _add(pictures, folder, self._stem, content, further)

    @property
    def _stem(self) -> str:
        return f"videos_{self.projection.method}"

    def _keys(self, trainer: Trainer, one: EmbeddedSet) -> list[str]:
        table = trainer.datamodule.sets[one.text.set_name]  # type: ignore[attr-defined]
        return [table.key(row) for row in one.rows.tolist()]

    def _texts(self, model: ActionRecognizer, text: ClassText) -> dict[str, np.ndarray]:
        if not self.class_texts:
            return {}
        embedded = class_points(model.prompt_embeddings(text.prompts).cpu().numpy())
        return dict(zip(text.names, embedded, strict=True))


def _together(group: list[EmbeddedSet], keys: list[list[str]], texts: dict[str, np.ndarray]) -> MappedVideos:
    """The videos of all sets; classes of one name are one class."""
    names = list(dict.fromkeys(name for one in group for name in one.text.names))
    number = {name: i for i, name in enumerate(names)}
    full = [one for one in group if len(one)]
    labels = [np.array([number[name] for name in one.text.names])[one.labels] for one in full]
    return MappedVideos(
        set_names=[one.text.set_name for one in group],
        names=names,
        labels=np.concatenate(labels),
        embeddings=np.concatenate([one.embeddings for one in full]),
        sets=np.concatenate([np.full(len(one), i) for i, one in enumerate(group)]),
        videos=[key for of_set in keys for key in of_set],
        n_failed=sum(one.n_failed for one in group),
        texts=texts,
    )


def _write_embeddings(pictures: WrittenPictures, one: EmbeddedSet, keys: list[str]) -> Path:
    return write_video_embeddings(
        pictures.path(one.text.set_name, "videos", ".safetensors"),
        torch.from_numpy(one.embeddings),
        rows=torch.from_numpy(one.rows),
        labels=torch.from_numpy(one.labels),
        set_name=one.text.set_name,
        class_names=one.text.names,
        videos=[written_name(key) for key in keys],
    )


def _write_table(path: Path, found: Separation) -> Path:
    """The classes, those whose nearest videos are least often of their own class first."""
    columns = list(ClassSeparation.__dataclass_fields__)
    rows = sorted(
        found.classes, key=lambda c: (101.0 if c.neighbour_accuracy is None else c.neighbour_accuracy, -c.n, c.name)
    )
    with whole_file(path) as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=columns)
        writer.writeheader()
        writer.writerows(row.to_dict() for row in rows)
    return path


def _add(pictures: WrittenPictures, folder: str, stem: str, content: MapContent, further: dict[str, Path]) -> None:
    pictures.add(
        folder,
        stem,
        title=content.shown.title,
        alt=content.alt,
        numbers=content.numbers,
        figure=draw_videos(content.shown),
        further=further,
    )
