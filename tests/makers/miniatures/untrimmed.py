"""ActivityNet v1.3 and THUMOS14 in miniature: untrimmed videos, in which their classes are seen for a while."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.makers.miniatures.class_videos import FRAMES_PER_SECOND, HEIGHT_PX, WIDTH_PX, untrimmed_bytes
from tests.makers.miniatures.truth import Instance, Truth, in_official_order
from tests.makers.miniatures.written_files import write_bytes, write_json, write_lines, youtube_id
from zsar.datamodules.class_text.vocabulary import exact_names

ACTIVITYNET_CLASSES = ("Applying sunscreen", "Archery", "BMX", "Blow-drying hair", "Rock-paper-scissors", "Zumba")
THUMOS14_SEGMENTS = {  # class -> its instances in each of its videos, in seconds
    "BaseballPitch": ((0.5, 1.5), (3.0, 4.0)),
    "GolfSwing": ((1.0, 2.5),),
    "HighJump": ((0.5, 1.0), (2.0, 2.5), (3.5, 4.5)),
    "Shotput": ((2.0, 4.5),),
}


def make_activitynet(root: Path, class_names: Sequence[str] = ACTIVITYNET_CLASSES) -> Truth:
    """ActivityNet v1.3: a training and a validation video of each class, and two testing videos without annotations.

    The first class's training video has two instances, all others have one.
    """
    folder, names = root / "activitynet", in_official_order("activitynet", class_names)
    database: dict[str, object] = {}
    instances: dict[str, frozenset[Instance]] = {}
    durations: dict[str, float] = {}
    for subset, its_names in (("training", names), ("validation", names), ("testing", names[:2])):
        found: list[Instance] = []
        for index, name in enumerate(its_names):
            two = subset == "training" and index == 0
            segments = ((0.5, 1.5), (2.5, 3.5)) if two else ((0.5 + 0.25 * (index % 4), 2.5),)
            video = youtube_id(f"activitynet/{subset}/{name}", index)
            path = folder / "videos" / f"v_{video}.mp4"
            write_bytes(path, untrimmed_bytes(index, len(names), segments, 4 * FRAMES_PER_SECOND))
            its_instances = [Instance(path.stem, name, *segment) for segment in segments if subset != "testing"]
            found += its_instances
            durations[path.stem] = 4.0
            database[video] = {
                "duration": 4.0,
                "subset": subset,
                "resolution": f"{WIDTH_PX}x{HEIGHT_PX}",
                "url": f"https://www.youtube.com/watch?v={video}",
                "annotations": [{"segment": list(instance[2:]), "label": name} for instance in its_instances],
            }
        instances[subset] = frozenset(found)
    write_json(folder / "activity_net.v1-3.min.json", {"database": database, "taxonomy": [], "version": "VERSION 1.3"})
    return _untrimmed_truth(folder, names, instances, durations)


def make_thumos14(root: Path, segments: Mapping[str, tuple[tuple[float, float], ...]] = THUMOS14_SEGMENTS) -> Truth:
    """THUMOS14: two validation videos and a test video of each class, and a video of each subset without annotations.

    The first validation video and the first test video have an ambiguous stretch from 4.5 s to 5 s.
    """
    folder, names = root / "thumos14", in_official_order("thumos14", tuple(segments))
    instances: dict[str, frozenset[Instance]] = {}
    ambiguous: dict[str, frozenset[tuple[str, float, float]]] = {}
    durations: dict[str, float] = {}
    for subset, suffix, first, n_videos in (("validation", "val", 51, 2), ("test", "test", 4, 1)):
        found: list[Instance] = []
        videos = [(name, segments[name]) for name in names for _ in range(n_videos)]
        for number, (name, its_segments) in enumerate([*videos, (names[0], ())]):
            stem = f"video_{subset}_{first + 7 * number:07d}"
            content = untrimmed_bytes(names.index(name), len(names), its_segments, 5 * FRAMES_PER_SECOND)
            write_bytes(folder / subset / f"{stem}.mp4", content)
            found += [Instance(stem, name, *segment) for segment in its_segments]
            durations[stem] = 5.0
        instances[subset] = frozenset(found)
        ambiguous[subset] = frozenset({(f"video_{subset}_{first:07d}", 4.5, 5.0)})
        for name in (*exact_names("thumos14"), "Ambiguous"):
            stretches = [(stem, s, e) for stem, its_name, s, e in found if its_name == name]
            rows = ambiguous[subset] if name == "Ambiguous" else stretches
            lines = [f"{stem}  {start:.2f} {end:.2f}" for stem, start, end in rows]
            write_lines(folder / f"TH14_Temporal_annotations_{subset}/annotation/{name}_{suffix}.txt", lines)
    return _untrimmed_truth(folder, names, instances, durations, ambiguous)


def _untrimmed_truth(
    folder: Path,
    names: tuple[str, ...],
    instances: dict[str, frozenset[Instance]],
    durations_seconds: dict[str, float],
    ambiguous: Mapping[str, frozenset[tuple[str, float, float]]] | None = None,
) -> Truth:
    annotated = {subset: some for subset, some in instances.items() if some}
    clips = {(subset, 1): frozenset((i.stem, i.class_name) for i in some) for subset, some in annotated.items()}
    unlabelled = durations_seconds.keys() - {stem for some in clips.values() for stem, _ in some}
    return Truth(
        folder,
        names,
        clips,
        unlabelled=frozenset(unlabelled),
        instances=annotated,
        ambiguous=ambiguous or {},
        durations_seconds=durations_seconds,
    )
