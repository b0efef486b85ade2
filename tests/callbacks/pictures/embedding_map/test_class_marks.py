"""Marks of classes: all of few, the most mixed of many."""

from zsar.callbacks.pictures.embedding_map.class_marks import FEW_MARKED, MOST_MARKED, class_marks, marks_of
from zsar.callbacks.pictures.embedding_map.numbers.separation import ClassSeparation


def class_of(name: str, *, n: int = 8, accuracy: float | None = 50.0) -> ClassSeparation:
    return ClassSeparation(name, n, 0.5, None, None, 0.1, accuracy, None)


def test_few_classes_are_all_named_in_label_order() -> None:
    marks = class_marks([class_of("run", accuracy=90), class_of("swim", accuracy=0)])
    assert [(name, mark.number) for name, mark in marks.items()] == [("run", 1), ("swim", 2)]


def test_all_marks_that_are_given_differ() -> None:
    names = [str(i) for i in range(MOST_MARKED)]
    marks = marks_of(names, first=names)
    assert len({(mark.colour, mark.marker) for mark in marks.values()}) == MOST_MARKED


def test_of_many_classes_the_most_mixed_are_named_the_larger_first() -> None:
    classes = [class_of(f"c{i}", accuracy=100) for i in range(MOST_MARKED)]
    classes += [
        class_of("small", n=2, accuracy=0),
        class_of("large", n=9, accuracy=0),
        class_of("alone", accuracy=None),
    ]
    marks = class_marks(classes)
    assert len(marks) == FEW_MARKED
    assert list(marks)[:3] == ["large", "small", "c0"]
    assert "alone" not in marks
