"""Adaptation: a prompt tuning with the views of each video that it tunes on, for `zsar.classify`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from zsar.api.given_videos import frames_per_clip
from zsar.callbacks.prompt_tuning.prompt_tuning import PromptTuning
from zsar.callbacks.prompt_tuning.temporal_schedule import check_subset_fits
from zsar.datamodules.batch import ClassText
from zsar.datamodules.choices.action_template import TRAINED_TEMPLATE
from zsar.datamodules.class_text.templates import fill_templates
from zsar.datamodules.settings import Clips
from zsar.datamodules.views.augmented_views import AugmentedViews
from zsar.datamodules.views.frame_sampling import Sampling
from zsar.datamodules.views.further_views import Views
from zsar.lightning_modules.recognition.recognizer import ActionRecognizer
from zsar.runtime.number_limits import MOST_FRAMES_PER_VIEW, MOST_VIDEOS_PER_BATCH, check_least, check_most


@dataclass(frozen=True)
class Adaptation:
    """How the prompt is tuned to a video, and on which views of it.

    Attributes:
        tuning: The method. Its `texts` say what is tuned on: the class names, the given class text, or both.
        views: The further views of a video. The default is DTS-TPT's: 31 AugMix versions of the test view.
        n_frames: Frames of the test view; None for as many as the model was trained with, or 8.
        sampling: Which frame of a segment is its middle, as `data.clips.sampling`.
        test_short_side_px: Short side of a frame of the test view before it is cropped; None for 256 / 224 of the
            model's frames.
        batch_size: Videos that are tuned together, unless the caller says otherwise: the views of one with 8 frames of
            224 px take up to 76 MB. Answers do not depend on it.
    """

    tuning: PromptTuning
    views: Views = field(default_factory=AugmentedViews)
    n_frames: int | None = None
    sampling: Sampling = "t2l"
    test_short_side_px: int | None = None
    batch_size: int = 2

    def __post_init__(self) -> None:
        """Checks the numbers; `clips` checks the rest against the model.

        Raises:
            ValueError: One is out of range.
        """
        check_least(1, n_frames=self.n_frames, batch_size=self.batch_size)
        check_most(MOST_FRAMES_PER_VIEW, n_frames=self.n_frames)
        check_most(MOST_VIDEOS_PER_BATCH, batch_size=self.batch_size)

    def clips(self, model: ActionRecognizer, *, frames: int | None = None) -> Clips:
        """The frames that a model sees of each video, as a data module describes them.

        Args:
            model: The model.
            frames: Frames of the test view; None for the adaptation's, or the model's.

        Raises:
            ValueError: A number is out of range, or a step of the schedule needs more frames than a view has.
        """
        n_frames = frames_per_clip(model, self.n_frames if frames is None else frames)
        clips = Clips(
            n_frames=n_frames,
            **asdict(model.frame_pixels),
            sampling=self.sampling,
            test_short_side_px=self.test_short_side_px,
            views=self.views.for_data_set("your videos", flip_keeps_label=True),
        )
        for subset in self.tuning.rule.schedule:
            check_subset_fits(subset, self.views.frames_per_view(n_frames))
        return clips

    def check_text(self, text: ClassText) -> None:
        """Checks that the class text that was given is tuned on, and that what is tuned on was given.

        Args:
            text: The classes.

        Raises:
            ValueError: The method reads the names alone, but a template or texts are given; or it reads texts beside
                the names, but the text is the names in the default template.
        """
        method, phrase, texts = self.tuning.method, self.tuning.prompts.phrase, self.tuning.prompts.texts
        is_given = text.prompts != fill_templates(text.set_name, text.names, TRAINED_TEMPLATE).prompts
        if is_given and "class_text" not in texts:
            after = "a random context" if phrase is None else repr(phrase)
            raise ValueError(
                f"{method} tunes a prompt of the class names after {after} and would not read these prompts "
                f"({text.source}); leave --template and --descriptions out (in Python, give names), or use an "
                "adaptation whose texts include class_text, such as dts_tpt"
            )
        if not is_given and {"names", "class_text"} <= set(texts):
            raise ValueError(
                f"{method} tunes on texts about the classes beside their names, but none are given; give "
                "--descriptions FILE, as `zsar describe` writes it (in Python, classes={name: text} or a file), or use "
                "dts_tpt_names"
            )

    def described(self) -> dict[str, Any]:
        """The settings that decide about answers, as plain types: {name: value}."""
        views = self.views.described()
        return {
            **{f"adaptation.{name}": value for name, value in self.tuning.describe().items()},
            "views": views["class_path"].rpartition(".")[2],
            **{f"views.{name}": value for name, value in views["init_args"].items()},
            "sampling": self.sampling,
            "test_short_side_px": self.test_short_side_px,
        }
