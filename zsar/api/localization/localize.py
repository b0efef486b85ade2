"""`zsar.localize`: finds when actions happen in videos, among classes that the caller gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypedDict, overload

from torch import Tensor
from typing_extensions import Unpack

from zsar.api.extraction.extraction import FramesDone
from zsar.api.given_classes import Classes, class_text_of
from zsar.api.given_videos import Video
from zsar.api.listed_videos import listed_videos
from zsar.api.localization.frames_with_times import FramesWithTimes
from zsar.api.localization.localization import Localization
from zsar.api.localization.localized_videos import SearchedVideo, localized, localized_frames
from zsar.api.localization.localizers import LocalizationModel, is_trained
from zsar.api.localization.method_settings import STRIDE_SECONDS, Method, MethodSettings
from zsar.api.localization.search import Search, feature_folder, ready_search
from zsar.api.shown_progress import Progress, reporting
from zsar.datamodules.choices.action_template import ACTION_TEMPLATE, TRAINED_TEMPLATE
from zsar.datamodules.choices.geometry import Geometry
from zsar.datamodules.video_files.streaming import FrameStride
from zsar.datamodules.video_files.whole_decoding import OnDamage
from zsar.lightning_modules.localization.stored.feature_files import SUFFIX
from zsar.runtime.choices import check_choice
from zsar.runtime.files.same_files import each_file_once
from zsar.runtime.files.video_errors import VideoDecodeError
from zsar.runtime.number_limits import check_seed


class LocalizeSettings(TypedDict, total=False):
    """The optional arguments of `localize`, which describes them."""

    model: LocalizationModel
    method: Method | None
    template: str | Sequence[str] | None
    fps: float | None
    stride_seconds: float
    geometry: Geometry
    threshold: float | None
    suppress: bool | None
    seed: int | None
    features: Path | str | None
    batch_size: int
    n_workers: int | None
    on_damage: OnDamage
    device: str
    progress: Progress


@overload
def localize(  # type: ignore[overload-overlap] # a str is a sequence of them, but one video here
    videos: Video, classes: Classes, **settings: Unpack[LocalizeSettings]
) -> Localization: ...


@overload
def localize(videos: Sequence[Video], classes: Classes, **settings: Unpack[LocalizeSettings]) -> list[Localization]: ...


def localize(
    videos: Video | Sequence[Video],
    classes: Classes,
    *,
    model: LocalizationModel = None,
    method: Method | None = None,
    template: str | Sequence[str] | None = None,
    fps: float | None = None,
    stride_seconds: float = STRIDE_SECONDS,
    geometry: Geometry = "squash",
    threshold: float | None = None,
    suppress: bool | None = None,
    seed: int | None = None,
    features: Path | str | None = None,
    batch_size: int = 64,
    n_workers: int | None = None,
    on_damage: OnDamage = "raise",
    device: str = "auto",
    progress: Progress = None,
) -> Localization | list[Localization]:
    """Finds when actions happen in videos, among classes that are given; any names work, and nothing is trained.

    The method "t3al" (Liberatori et al. 2024) assumes that the class most similar to a video occurs in it, and adapts
    CLIP's projections to both: it finds something in nearly every video. "frame-wise" classifies each frame alone and
    finds nothing where it is not confident. Scores are probabilities relative to the given classes: for a segment the
    probability of its mean frame (t3al), or the mean of its frames' (frame-wise). Everything is computed in fp32, as
    scores of neighbouring frames differ little.

    Args:
        videos: A video file, or its RGB frames uint8 [T, 3, H, W] with `fps`; or a list of these.
        classes: Names, one for t3al, two for frame-wise at least; a mapping from names to prompts; or a file
            (`given_classes`).
        model: The name of a CLIP model, a CoCa or one with a ViT (CLIP, SigLIP, PE-Core, EVA); a recognizer from
            `zsar.load`, or what `zsar.load` takes; or a `zsar.T3AL` or `zsar.FrameWiseCLIP` with settings of your own.
            None for CoCa ViT-L/14. A trained recognizer localizes frame-wise; one whose frames interact (T2L, BIKE,
            Open-VCLIP) embeds consecutive clips of as many frames as it was trained with.
        method: "t3al" or "frame-wise"; None for frame-wise with a trained recognizer, and t3al otherwise.
        template: Prompt template with {} for names, or the name of a set of templates; None for "a video of action {}",
            T3AL's, and for "video", as in training, with a trained recognizer.
        fps: The frame rate of given frames.
        stride_seconds: Interval between the frames that are used, in seconds.
        geometry: "squash" resizes both sides of a frame, so that the whole picture is seen; "crop" cuts the centre.
        threshold: frame-wise: probability above which a frame belongs to an action; None for 0.8. With a model that has
            a logit bias (SigLIP), the own probability of the action; None for 0.5.
        suppress: t3al: discard segments whose captions disagree with the others. None for a CoCa, which writes the
            captions and needs the extra `captions`.
        seed: t3al: random seed of the drawn frames; None for 0.
        features: A folder of features from `zsar extract` or an earlier call; missing ones are computed and kept there.
            None to keep nothing.
        batch_size: Frames per forward pass.
        n_workers: Processes that decode; None for one less than the number of processors; 0 decodes in this process.
        on_damage: "raise" treats videos with damaged frames as undecodable, "accept" uses these frames.
        device: Device of a model that is loaded here; a loaded one stays where it is.
        progress: True for a progress bar, or a function of the numbers of videos done and of all.

    Returns:
        The localization of one video; for a list one for each, in order, with `error` where a video has none.

    Raises:
        VideoDecodeError: A single video cannot be decoded.
        ValueError: A value is out of range or has no effect, there are too few classes, a prompt is too long, the
            method cannot use the model, or the folder of features cannot be written.
        FeatureFileError: The folder of features holds features of another model or other frames.
        BackboneError: The weights of the model are neither local nor downloadable, or captions cannot be written.
    """
    one, listed = listed_videos(videos)
    check_choice(Geometry, geometry=geometry)
    check_choice(OnDamage, on_damage=on_damage)
    frames = _given_frames(listed, fps)
    usual = TRAINED_TEMPLATE if is_trained(model) else ACTION_TEMPLATE
    text = class_text_of(classes, template=usual if template is None else template)
    if seed is not None:
        check_seed(seed)
    settings = MethodSettings(threshold=threshold, suppress=suppress, seed=seed)
    search = ready_search(
        model,
        method,
        settings,
        text,
        device=device,
        stride=FrameStride(frames=None, seconds=stride_seconds),
        geometry=geometry,
        batch_size=batch_size,
        n_workers=n_workers,
        on_damage=on_damage,
    )
    with feature_folder(None if features is None else Path(features).expanduser()) as folder:
        files = _searched_videos(listed, folder, are_kept=features is not None)
        answers = dict(reporting(_answers(search, frames, files), len(listed), "localizing", progress))
    done = [answers[row] for row in range(len(listed))]
    if not one:
        return done
    if done[0].error is not None:
        raise VideoDecodeError(done[0].error)
    return done[0]


def _given_frames(videos: Sequence[Video], fps: float | None) -> dict[int, FramesWithTimes]:
    """The frames in memory among the videos, by row."""
    rows = [row for row, video in enumerate(videos) if isinstance(video, Tensor)]
    if rows and fps is None:
        raise ValueError("frames have no times; give their frame rate, such as fps=25")
    if fps is not None and not rows:
        raise ValueError(f"fps={fps} is for frames; a video file has its own times: leave it out")
    frames = {}
    for row in rows:
        video = videos[row]
        assert isinstance(video, Tensor)
        assert fps is not None
        frames[row] = FramesWithTimes(video, float(fps))
    return frames


def _searched_videos(videos: Sequence[Video], folder: Path, *, are_kept: bool) -> dict[int, SearchedVideo]:
    """The files among the videos, by row; kept features are named after the video, as those of `zsar extract`."""
    files: dict[int, SearchedVideo] = {}
    first: dict[Path, Path] = {}
    for row, video in enumerate(videos):
        if isinstance(video, Tensor):
            continue
        path = Path(video)
        stored = folder / f"{path.stem if are_kept else row}{SUFFIX}"
        before = first.setdefault(stored, path)
        if len(each_file_once([str(before), str(path)])) > 1:
            raise ValueError(
                f"the features of {before} and {path} would both become {stored}; rename one of the videos, or give "
                "them to two calls with a folder each"
            )
        files[row] = SearchedVideo(path.stem, path, stored)
    return files


def _answers(
    search: Search, frames: dict[int, FramesWithTimes], files: dict[int, SearchedVideo]
) -> Iterator[tuple[int, Localization]]:
    yield from ((row, localized_frames(search, given)) for row, given in frames.items())
    rows = list(files)
    for report in localized(search, list(files.values())):
        if not isinstance(report, FramesDone):
            yield rows[report[0]], report[1]
