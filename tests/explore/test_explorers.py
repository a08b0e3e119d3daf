"""What holds for every explorer: each state of its controls can be drawn and told, and wrong input is refused."""

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.figure import Figure

from medlab import explore, figures
from medlab.cohort import Cohort
from medlab.errors import MedlabError

TRUTH = np.tile([0, 0, 1], 20)
SCORE = np.linspace(0, 1, 60)


def left_half(image):
    return (np.indices(image.shape)[-1] < (image.shape[-1] + 1) // 2).astype(int)


PICTURES = {
    "windowing": explore.windowing,
    "outlines": lambda image: explore.outlines(
        image, {"A": left_half(image), "B": np.zeros(image.shape), "C": np.ones(image.shape)}
    ),
    "saliency": lambda image: explore.saliency(image, {"a": image, "b": -image}, target=left_half(image)),
    "registration": lambda image: explore.registration(image, image),
    "kspace_mask": explore.kspace_mask,
    "dose_to_noise": explore.dose_to_noise,
}
LISTS = {
    "decision": lambda: explore.decision(TRUTH, SCORE),
    "noise_rate": lambda: explore.noise_rate(TRUTH),
    "calibration": lambda: explore.calibration(TRUTH, SCORE),
    "calibration, sure": lambda: explore.calibration([0, 1], [1.0, 0.0]),
    "noise_rate, two patients": lambda: explore.noise_rate([0, 1]),
}
IMAGES = {
    "usual": np.random.default_rng(0).normal(size=(20, 24)),
    "one pixel": np.zeros((1, 1)),
    "constant": np.full((5, 4), 7.0),
    "one row": np.arange(6.0)[None],
    "one column": np.arange(6.0)[:, None],
    "huge values": np.random.default_rng(1).uniform(-3e6, 5e6, (6, 7)),
    "tiny values": np.random.default_rng(2).uniform(0, 1e-9, (6, 7)),
}
VOLUMES = {"usual": (6, 8, 10), "one voxel": (1, 1, 1), "one slice": (1, 5, 4), "one column": (5, 4, 1)}


def sweep(explorer, most=12):
    states = list(explorer.states(3))
    for state in states[:: max(1, len(states) // most)]:
        figure, words = explorer.render(**state), explorer.describe(**state)
        assert isinstance(figure, Figure)
        assert figures.png(figure).startswith(b"\x89PNG")
        assert len(words) > 20
        assert "nan" not in words.lower().replace("nanometer", "")


@pytest.mark.parametrize("kind", IMAGES)
@pytest.mark.parametrize("name", PICTURES)
def test_every_state_of_a_picture_can_be_drawn_and_told(name, kind):
    sweep(PICTURES[name](IMAGES[kind]), most=12 if kind == "usual" else 3)


@pytest.mark.parametrize("name", LISTS)
def test_every_state_of_a_list_can_be_drawn_and_told(name):
    sweep(LISTS[name]())


@pytest.mark.parametrize("kind", VOLUMES)
def test_every_state_of_a_volume_can_be_drawn_and_told(kind):
    volume = np.random.default_rng(0).normal(size=VOLUMES[kind])
    for masks in (None, {"none": np.zeros(volume.shape), "all": np.ones(volume.shape)}):
        sweep(explore.slices(volume, masks), most=4)


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_picture_with_nan_or_infinity_is_refused(name, bad):
    image = np.zeros((4, 4))
    image[1, 2] = bad
    with pytest.raises(MedlabError, match=r"1 values that are NaN or infinite"):
        PICTURES[name](image)


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("shape", [(4,), (2, 4, 4), (0, 4)])
def test_what_is_no_picture_is_refused(name, shape):
    with pytest.raises(MedlabError, match=r"wanted \(H, W\)"):
        PICTURES[name](np.zeros(shape))


@pytest.mark.parametrize("name", ["decision", "calibration"])
def test_labels_and_probabilities_must_fit(name):
    build = getattr(explore, name)
    with pytest.raises(MedlabError, match="both present"):
        build([1, 1], [0.5, 0.5])
    with pytest.raises(MedlabError, match="3 values of probability for 2 labels"):
        build([0, 1], [0.5, 0.5, 0.5])
    with pytest.raises(MedlabError, match="a logit needs a sigmoid first"):
        build([0, 1], [-2.0, 3.0])
    with pytest.raises(MedlabError, match="no array of numbers"):
        build([0, 1], ["high", "low"])


def test_a_cohort_of_one_image_is_a_picture_and_of_one_volume_a_volume():
    ids = pd.DataFrame({"patient_id": ["p0", "p1"]})
    volumes = Cohort(torch.rand(2, 1, 3, 4, 5), ids)
    assert explore.slices(volumes[0]).start == {"slice": 1, "row": 2, "column": 2}
    for name, build in PICTURES.items():
        if name not in ("outlines", "saliency", "registration"):
            build(volumes[1])
    with pytest.raises(MedlabError, match=r"holds 2 images; wanted one\n  -> pass cohort\[0\]"):
        explore.windowing(volumes)


@pytest.mark.parametrize("name", [*PICTURES, *LISTS])
def test_the_same_state_gives_the_same_picture(name):
    what = LISTS[name]() if name in LISTS else PICTURES[name](IMAGES["usual"])
    assert figures.png(what.render(**what.start)) == figures.png(what.render(**what.start))


@pytest.mark.parametrize("name", [*PICTURES, *LISTS])
def test_each_control_changes_the_picture(name):
    what = LISTS[name]() if name in LISTS else PICTURES[name](IMAGES["usual"])
    for control in what.controls:
        seen = {figures.png(what.render(**{**what.start, control.name: v})) for v in control.states(2)}
        wanted = 1 if "two patients" in name or "sure" in name else 2
        if (name, control.name) != ("registration", "tiles"):  # the two images are the same here
            assert len(seen) >= wanted, control.name
