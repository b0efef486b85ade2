"""Time and memory for listing a data set of 300,000 videos, and how much of it worker processes copy.

    python benchmarks/bench_listing.py [--videos 300000] [--quick]

Makes a Kinetics-400 of empty files in class folders, with its official annotation file, in a temporary folder, and
lists it in a separate process: reading the annotations, finding the files by name, drawing held-out clips. A forked
worker then reads every record and reports its private memory. For comparison, one worker creates as many empty records,
and one reads the same list stored as Python objects. Nothing is decoded. Results depend on the file system.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.rows import Row, add_row_options, write_rows
from zsar.datamodules.batch import VideoRecord
from zsar.datamodules.class_text.vocabulary import exact_names
from zsar.datamodules.data_sets.kinetics400 import Kinetics400
from zsar.datamodules.lists.video_table import VideoTable
from zsar.datamodules.settings import Split

MB = 2**20


def main() -> None:
    """Runs the benchmark in fresh processes and prints its table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--videos", type=int, default=300_000)
    add_row_options(parser)
    options = parser.parse_args()
    n_videos = 2000 if options.quick else options.videos
    with tempfile.TemporaryDirectory() as folder:
        make_data_set(Path(folder), n_videos)
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as fresh:
            listed = fresh.submit(list_videos, Path(folder), n_videos).result()
    width = max(map(len, listed))
    for what, value in listed.items():
        print(f"{what:<{width}}  {value:8.1f}")
    ours, objects = (listed[f"a worker's own memory, {kept} (MB)"] for kept in ("VideoTable", "Python objects"))
    print(f"a list of Python objects costs each worker {objects / ours:.0f} times as much as ours")
    what = f"listing {n_videos:,} videos"
    memory = f"{what}: a worker's own memory"
    rows = [
        Row(what=what, unit="s", ours=listed["seconds"]),
        Row(what=memory, unit="MB", ours=ours, alternative="Python objects", theirs=objects),
    ]
    write_rows(options, rows)


def make_data_set(root: Path, n_videos: int) -> None:
    """Empty files `train/CLASS/ID_000000_000010.mp4` and train.csv."""
    names = exact_names("kinetics400")
    annotations = root / "kinetics400" / "annotations" / "train.csv"
    annotations.parent.mkdir(parents=True)
    for name in names:
        (root / "kinetics400" / "train" / name).mkdir(parents=True)
    with annotations.open("w", encoding="utf-8") as file:
        file.write("label,youtube_id,time_start,time_end,split\n")
        for i in range(n_videos):
            name, video = names[i % len(names)], f"{i:011d}"
            file.write(f"{name},{video},0,10,train\n")
            (root / "kinetics400" / "train" / name / f"{video}_000000_000010.mp4").touch()


def list_videos(root: Path, n_videos: int) -> dict[str, float]:
    """Seconds and megabytes of this process, and of its workers."""
    before = peak_mb()
    start = time.perf_counter()
    module = Kinetics400(data_root=root, split=Split(held_out_fraction=0.02))
    module.setup("fit")
    seconds = time.perf_counter() - start
    table = module.sets["train"]
    assert len(table) + len(module.sets["val"]) == n_videos
    figures = {
        "videos listed": float(n_videos),
        "seconds": seconds,
        "peak memory beyond the imports (MB)": peak_mb() - before,
        "peak memory, all (MB)": peak_mb(),
    }
    objects = [table[i] for i in range(len(table))]
    figures["a worker's own memory, reading nothing (MB)"] = in_worker(read_nothing, len(table))
    figures["a worker's own memory, VideoTable (MB)"] = in_worker(read_table, table)
    figures["a worker's own memory, Python objects (MB)"] = in_worker(read_objects, objects)
    return figures


def in_worker(read: Callable[[object], None], videos: object) -> float:
    """Private memory that a forked worker gains by reading all videos."""
    context = multiprocessing.get_context("fork")
    answer = context.SimpleQueue()

    def work() -> None:
        before = private_mb()
        read(videos)
        answer.put(private_mb() - before)

    worker = context.Process(target=work)
    worker.start()
    gained: float = answer.get()
    worker.join()
    return max(gained, 0.1)


def read_nothing(n_videos: object) -> None:
    """Makes as many records as a table has."""
    assert isinstance(n_videos, int)
    for i in range(n_videos):
        VideoRecord(path=Path(f"/{i}"), label=0)


def read_table(videos: object) -> None:
    """Makes every record of a table."""
    assert isinstance(videos, VideoTable)
    for i in range(len(videos)):
        videos[i]


def read_objects(videos: object) -> None:
    """Touches every record of a list."""
    assert isinstance(videos, Sequence)
    kept: VideoRecord
    for kept in videos:
        kept.label + len(kept.path.parts)


def peak_mb() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def private_mb() -> float:
    """Memory that this process shares with no other (Linux)."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private")) * 1024 / MB


if __name__ == "__main__":
    main()
