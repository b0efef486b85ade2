"""A task of MTEB over videos on the disk, as MVEB's zero-shot tasks are; imports MTEB."""

from pathlib import Path
from typing import Any

from datasets import ClassLabel, Dataset, DatasetDict, Features, Video
from mteb.abstasks.task_metadata import TaskMetadata
from mteb.abstasks.zeroshot_classification import AbsTaskZeroShotClassification


def video_task(folder: Path, prompts: list[str], *, in_itself: bool = True) -> AbsTaskZeroShotClassification:
    """Zero-shot classification of the videos of a folder for each class.

    Args:
        folder: Its folders are the classes, in alphabetical order.
        prompts: The text of each class.
        in_itself: Whether the data set holds the content of the videos, as those of the hub do, or their paths.
    """

    class RenderedVideos(AbsTaskZeroShotClassification):
        metadata = TaskMetadata(
            name="RenderedVideosZeroShot",
            description="Rendered videos.",
            dataset={"path": "none", "revision": "none"},
            type="VideoZeroshotClassification",
            category="v2t",
            eval_splits=["test"],
            eval_langs=["eng-Latn"],
            main_score="accuracy",
            modalities=["video", "text"],
        )
        input_column_name: str = "video"

        def load_data(self, **_: Any) -> None:
            names = sorted(each.name for each in folder.iterdir() if each.is_dir())
            paths = sorted(folder.glob("*/*.mp4"))
            columns = {
                "video": [
                    {"bytes": path.read_bytes() if in_itself else None, "path": path.name if in_itself else str(path)}
                    for path in paths
                ],
                "label": [names.index(path.parent.name) for path in paths],
            }
            features = Features({"video": Video(), "label": ClassLabel(names=names)})
            self.dataset = DatasetDict({"test": Dataset.from_dict(columns, features=features)})  # type: ignore[assignment]
            self.data_loaded = True

        def get_candidate_labels(self) -> list[str]:
            return prompts

    return RenderedVideos()
