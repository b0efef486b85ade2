import pytest
import torch

from zsar.callbacks.pictures.attention.frame_attention_figure import draw_frame_attention


@pytest.mark.parametrize(("n_layers", "n_frames"), [(1, 1), (3, 8), (12, 32)])
def test_each_layer_has_a_panel_on_one_scale(n_layers: int, n_frames: int) -> None:
    torch.manual_seed(0)
    layers = {2 * layer: torch.randn(n_frames, n_frames).softmax(dim=1) for layer in range(n_layers)}
    figure = draw_frame_attention(layers, title="t", lines=["l"])
    panels = figure.axes[:n_layers]
    assert len(figure.axes) == n_layers + 1
    drawn = [axes.images[0] for axes in panels]
    assert len({image.get_clim() for image in drawn}) == 1
    for image, (_, weights) in zip(drawn, sorted(layers.items()), strict=True):
        torch.testing.assert_close(torch.as_tensor(image.get_array()), weights)
    assert [text.get_text() for text in figure.texts if text.get_text().startswith("layer ")] == [
        f"layer {2 * layer + 1}" for layer in range(n_layers)
    ]
    assert len(panels[0].get_xticks()) == min(n_frames, 8)
    assert any(f"evenly spread it is {1 / n_frames:.2f}" in text.get_text() for text in figure.texts)


@pytest.mark.parametrize("n_frames", [1, 2, 8])
def test_attention_to_neighbours_is_spread_over_three_frames_also_beyond_the_ends(n_frames: int) -> None:
    figure = draw_frame_attention({0: torch.eye(n_frames)}, title="t", lines=["l"], n_seen=3)
    assert any("evenly spread it is 0.33" in text.get_text() for text in figure.texts)
