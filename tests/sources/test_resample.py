import pandas as pd
import pytest
import torch

from medlab.cohort import Cohort
from medlab.errors import MedlabError
from medlab.sources.resample import resize, wanted_shape


def cohort(**more):
    images = torch.zeros(2, 1, 16, 8)
    images[:, :, 4:8, 2:4] = 1
    table = pd.DataFrame(
        {"patient_id": ["a", "b"], "spacing_0": [1.0, 2.0], "spacing_1": [3.0, 4.0], "spacing_ratio": 5}
    )
    return Cohort(images, table, **more)


def test_everything_in_pixels_and_mm_follows():
    boxes = [torch.tensor([[4.0, 2.0, 8.0, 4.0]])] * 2
    landmarks = torch.tensor([[[3.5, 1.5]], [[5.5, 2.5]]])
    small = resize(cohort(boxes=boxes, landmarks=landmarks, spacing=(1.0, 3.0)), 8)
    assert small.images.shape == (2, 1, 8, 4)
    assert small.boxes[0].tolist() == [[2, 1, 4, 2]]
    assert small.landmarks[:, 0].tolist() == [[1.5, 0.5], [2.5, 1.0]]
    assert small.spacing == (2.0, 6.0)
    assert small.patients["spacing_0"].tolist() == [2, 4]
    assert small.patients["spacing_1"].tolist() == [6, 8]
    assert small.patients["spacing_ratio"].tolist() == [5, 5]


def test_landmarks_stay_on_what_they_mark():
    images = torch.zeros(1, 1, 12, 12)
    images[0, 0, 7, 3] = 1
    one = Cohort(images, pd.DataFrame({"patient_id": ["a"]}), landmarks=torch.tensor([[[7.0, 3.0]]]))
    large = resize(one, 36)
    at = large.landmarks[0, 0].round().int().tolist()
    assert large.images[0, 0, at[0], at[1]] == large.images.max()


def test_a_structure_that_is_lost_is_told():
    masks = torch.zeros(2, 1, 16, 8, dtype=torch.uint8)
    masks[0, 0, 0, 0] = 1
    assert any("masks of 1 images" in note for note in resize(cohort(masks=masks), 4).notes)


@pytest.mark.parametrize("size", [0, True + 5000, (1, 2, 3), "8", 2.0])
def test_sizes_without_sense(size):
    with pytest.raises(MedlabError, match="size"):
        wanted_shape(size, (8, 8))
