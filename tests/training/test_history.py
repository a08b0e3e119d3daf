import base64

from medlab.training.history import History


def test_repr_is_one_short_line():
    text = repr(History([0.7, 0.5], [0.8, 0.61], [0.1, 0.0], [1.0, 1.0]))
    assert "2 epochs in 2.0 s on cpu" in text
    assert "0.61" in text
    assert len(text) < 100


def test_it_draws_both_curves_by_epoch():
    axes = History([0.7, 0.5, 0.4], [0.8, 0.6, 0.7], [0.1] * 3, [1.0] * 3).figure().axes[0]
    training, validation = axes.lines
    assert list(training.get_xdata()) == [1, 2, 3]
    assert list(validation.get_ydata()) == [0.8, 0.6, 0.7]
    assert axes.get_xlabel() == "epoch"


def test_jupyter_gets_a_picture():
    data, metadata = History([0.7, 0.25], [], [0.1] * 2, [1.0] * 2)._repr_mimebundle_()
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert metadata["image/png"]["alt"] == "Curve of the loss over 2 epochs: training from 0.7 to 0.25"
    assert "nothing yet" in History()._repr_mimebundle_()[1]["image/png"]["alt"]
