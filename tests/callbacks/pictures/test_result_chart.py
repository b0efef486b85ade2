"""What a chart of results shows."""

from zsar.callbacks.pictures.result_chart import Published


def test_a_published_figure_says_where_it_stands_and_whether_it_was_made_otherwise() -> None:
    assert Published(79.1, 0.25, "T2L Table 1").label == "79.1 ± 0.2, T2L Table 1"
    assert Published(10.4, None, "T3AL Table 1", settings_differ=True).label == "10.4, T3AL Table 1 (settings differ)"
