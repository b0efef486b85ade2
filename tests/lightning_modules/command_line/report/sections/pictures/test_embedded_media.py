import base64
import io
from pathlib import Path

from PIL import Image

from tests.makers.report.pictured_runs import image_bytes
from zsar.lightning_modules.command_line.report.sections.pictures.embedded_media import Media, MediaBudget


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def decoded(media: Media | None, kind: str = "image/webp") -> bytes:
    assert media is not None
    assert media.uri.startswith(f"data:{kind};base64,")
    return base64.b64decode(media.uri.partition(",")[2])


def test_a_picture_becomes_a_small_webp(tmp_path: Path) -> None:
    media = MediaBudget().picture(written(tmp_path / "a.png", image_bytes(3000, 500)))
    with Image.open(io.BytesIO(decoded(media))) as image:
        assert image.format == "WEBP"
        assert image.size == (1600, 267)
    assert media is not None
    assert (media.width, media.height) == (1600, 267)


def test_a_clip_stays_as_it_is_and_has_a_still(tmp_path: Path) -> None:
    content = image_bytes(kind="WEBP", n_frames=3)
    media = MediaBudget().clip(written(tmp_path / "a.webp", content))
    assert decoded(media) == content
    assert media is not None
    with Image.open(io.BytesIO(decoded(Media(media.still)))) as still:
        assert getattr(still, "n_frames", 1) == 1


def test_a_video_stays_as_it_is(tmp_path: Path) -> None:
    content = b"\0\0\0\x18ftypisom" + bytes(100)
    assert decoded(MediaBudget().video(written(tmp_path / "a.mp4", content)), "video/mp4") == content


def test_what_is_something_else_is_left_out_with_the_cause(tmp_path: Path) -> None:
    budget = MediaBudget()
    assert budget.picture(written(tmp_path / "a.png", b"<script>")) is None
    assert budget.picture(written(tmp_path / "b.png", image_bytes()[:60])) is None
    assert budget.picture(tmp_path / "none.png") is None
    assert budget.picture(tmp_path) is None
    assert budget.clip(written(tmp_path / "a.webp", image_bytes())) is None
    assert budget.clip(written(tmp_path / "b.webp", bytes(200_000))) is None
    assert budget.video(written(tmp_path / "a.mp4", b"<html>")) is None
    assert budget.video(written(tmp_path / "b.mp4", b"\0\0\0\x18ftyp" + bytes(2_000_000))) is None
    causes = [left.partition(": ")[2] for left in budget.left_out]
    assert causes == [
        "it is not a whole picture",
        "it is not a whole picture",
        "it is not there, or is not a regular file",
        "it is not there, or is not a regular file",
        "it is not a whole WEBP",
        "0.2 MB, above 0.15 MB",
        "it is not an MP4 file",
        "2.0 MB, above 1.5 MB",
    ]
    assert len(budget.damaged) == 6, "what is too large is not damaged"
    assert budget.damaged[0] == f"{tmp_path / 'a.png'}: it is not a whole picture; run the test again"


def test_the_budget_is_kept(tmp_path: Path) -> None:
    path = written(tmp_path / "a.png", image_bytes(400, 400))
    size = len(MediaBudget().picture(path).uri)  # type: ignore[union-attr]
    budget = MediaBudget(int(2.5 * size))
    assert [budget.picture(path) is not None for _ in range(3)] == [True, True, False]
    assert "the section holds" in budget.left_out[0]
    assert budget.damaged == []
