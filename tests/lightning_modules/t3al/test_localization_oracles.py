import pytest
import torch

from tests.makers.videos.embedded_videos import class_text
from zsar.lightning_modules.localization.class_union import ClassUnion
from zsar.lightning_modules.localization.contract import Truth, UntrimmedFeatures
from zsar.lightning_modules.t3al.localization_oracles import Oracles, frames_inside, labels_of_sets, longest_class
from zsar.lightning_modules.t3al.pseudo_labels import PseudoLabels


def truth(*instances: tuple[int, float, float]) -> Truth:
    return Truth(
        torch.tensor([label for label, _, _ in instances], dtype=torch.int64),
        torch.tensor([[start, end] for _, start, end in instances], dtype=torch.float64).reshape(-1, 2),
    )


def video(**truths: Truth) -> UntrimmedFeatures:
    return UntrimmedFeatures(
        id="v",
        features=torch.zeros(8, 2),
        times_seconds=torch.arange(8, dtype=torch.float64) / 2,
        duration_seconds=4.0,
        sets=tuple(range(len(truths))),
        truths=dict(enumerate(truths.values())),
    )


def test_the_longest_class_is_that_of_all_its_instances_together() -> None:
    annotated = video(a=truth((0, 0, 2.5), (1, 0, 1.5), (1, 2, 3.5)), b=truth((2, 0, 1)))
    assert longest_class(annotated, 0, 3) == 1
    assert longest_class(annotated, 1, 3) == 2


@pytest.mark.parametrize("annotated", [video(), video(a=truth())])
def test_a_video_without_annotations_has_no_longest_class(annotated: UntrimmedFeatures) -> None:
    with pytest.raises(ValueError, match="perfect_class needs annotations, but 'v' has none"):
        longest_class(annotated, 0, 3)


def test_frames_inside_are_those_that_begin_within_an_instance_of_the_class_in_any_set() -> None:
    texts = [class_text(("dancing", "chess")), class_text(("chess", "diving"))]
    union = ClassUnion(texts, lambda prompts: torch.zeros(len(prompts), 1))
    annotated = video(a=truth((0, 0.5, 1.5), (1, 2, 3)), b=truth((0, 2, 3), (1, 3, 3.2)))
    places = {name: union.names.index(name) for name in ("dancing", "chess", "diving")}
    assert frames_inside(annotated, union, places["dancing"]).nonzero()[:, 0].tolist() == [1, 2]
    assert frames_inside(annotated, union, places["chess"]).nonzero()[:, 0].tolist() == [4, 5]
    assert frames_inside(annotated, union, places["diving"]).nonzero()[:, 0].tolist() == [6]


def test_labels_of_sets_are_the_nearest_of_each_or_the_annotated_ones() -> None:
    texts = [class_text(("dancing", "chess")), class_text(("chess", "diving"))]
    union = ClassUnion(texts, lambda prompts: torch.zeros(len(prompts), 1))
    annotated, cosines = video(a=truth((0, 0, 2)), b=truth((1, 0, 2))), torch.tensor([0.1, 0.3, 0.2])
    assert labels_of_sets(annotated, union, cosines, PseudoLabels(), Oracles()) == {0: [1], 1: [1]}
    two = PseudoLabels(most=2, margin=2.0)
    assert labels_of_sets(annotated, union, cosines, two, Oracles()) == {0: [1, 0], 1: [1, 2]}
    known = Oracles(perfect_class=True)
    assert labels_of_sets(annotated, union, cosines, PseudoLabels(), known) == {0: [0], 1: [2]}


def test_without_its_oracle_nothing_is_read() -> None:
    annotated = video(a=truth((0, 0, 2), (1, 2, 3)))
    union = ClassUnion([class_text(("dancing", "chess"))], lambda prompts: torch.zeros(len(prompts), 1))
    assert (Oracles().n_regions(annotated, 0), Oracles().inside(annotated, union, 0)) == (None, None)
    oracles = Oracles(region_count=True, selection=True)
    assert [oracles.n_regions(annotated, index) for index in (0, 1)] == [2, 0]
    inside = oracles.inside(annotated, union, 0)
    assert inside is not None
    assert inside.tolist() == [True] * 4 + [False] * 4
