import pickle
import subprocess
import sys

from zsar.runtime.files.video_errors import VideoDecodeError


def test_the_error_keeps_its_message_on_the_way_from_a_worker() -> None:
    error = pickle.loads(pickle.dumps(VideoDecodeError("a.mp4: cut off")))
    assert type(error) is VideoDecodeError
    assert str(error) == "a.mp4: cut off"


def test_naming_the_error_imports_no_decoder_and_no_torch() -> None:
    script = "import sys, zsar.runtime.files.video_errors; print({'av', 'numpy', 'torch'} & set(sys.modules))"
    command = [sys.executable, "-c", script]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "set()"
