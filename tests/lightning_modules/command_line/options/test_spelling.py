import pytest

from zsar.lightning_modules.command_line.options.spelling import one_spelling


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("fit --data.loading.n-workers 3", "fit --data.loading.n_workers 3"),
        ("test --ckpt-path=a-b.ckpt", "test --ckpt_path=a-b.ckpt"),
        ("classify a-b.mp4 --top-k 3 -c x-y", "classify a-b.mp4 --top_k 3 -c x-y"),
        ("extract -- --top-k a-b", "extract -- --top-k a-b"),
        ("classify --top_k 3", "classify --top_k 3"),
    ],
)
def test_options_are_spelled_with_underscores_and_values_as_they_are(typed: str, meant: str) -> None:
    assert one_spelling(typed.split()) == meant.split()


def test_of_known_options_the_others_stay_as_typed() -> None:
    assert one_spelling(["--top-k", "--to-k", "--top-k=3"], ["--top_k"]) == ["--top_k", "--to-k", "--top_k=3"]
