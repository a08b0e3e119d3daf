"""What lesson 51 writes by hand, held against theory and against libraries."""

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from scipy.ndimage import gaussian_filter

from medlab.physics.registration import warp
from tests.notebooks.cells import Quiet, definitions, smooth_displacements, smooth_images

HIGH, WIDE = 40, 48


@pytest.fixture(scope="module")
def lesson():
    names = definitions("51_registration_classical")
    lab = Quiet()
    lab.rng = np.random.default_rng(0)
    names.update(lab=lab, images=head()[None, None].float(), down=3.0, across=2.0, STEPS=60)
    return names


def head():
    """An oval with two spots, (H, W); away from the border."""
    down, across = np.meshgrid(np.linspace(-1, 1, HIGH), np.linspace(-1, 1, WIDE), indexing="ij")
    oval = ((down / 0.7) ** 2 + (across / 0.55) ** 2 < 1).astype(float)
    spots = ((down + 0.2) ** 2 + (across - 0.15) ** 2 < 0.05) | ((down - 0.35) ** 2 + (across + 0.2) ** 2 < 0.02)
    return torch.from_numpy(gaussian_filter(0.6 * oval + 0.4 * spots, 1.0))


def smooth(count=2, size=2.0, seed=3):
    return smooth_displacements(seed, count, size, shape=(HIGH, WIDE))


def test_a_field_is_that_of_the_transform_in_pixels(lesson):
    shift = lesson["field_of"](lesson["rigid"](0, 3, -4))
    assert shift.shape == (1, 2, HIGH, WIDE)
    assert torch.allclose(shift[0, 0], torch.full((HIGH, WIDE), -4.0), atol=1e-5)  # down
    assert torch.allclose(shift[0, 1], torch.full((HIGH, WIDE), 3.0), atol=1e-5)


def test_a_displacement_reads_where_simpleitk_reads(lesson):
    image, transform = lesson["images"], lesson["rigid"](12, 2, -1)
    picture = lesson["picture"](image[0])
    wanted = sitk.GetArrayFromImage(sitk.Resample(picture, picture, transform, sitk.sitkLinear, 0.0))
    found = warp(image, lesson["field_of"](transform))[0, 0].numpy()
    assert np.abs(found - wanted).max() < 1e-4


def test_the_error_is_the_distance_in_millimeters_and_only_the_object_counts(lesson):
    image = lesson["images"]
    truth = torch.zeros(1, 2, HIGH, WIDE)
    found = truth + torch.tensor([2.0, 4.0])[:, None, None]  # 6 mm down, 8 mm across
    assert lesson["error"](found, truth, image).item() == pytest.approx(10)
    outside = truth.clone()
    outside[..., :3, :] = 50  # air
    assert lesson["error"](outside, truth, image).item() == pytest.approx(0)


def test_registration_returns_the_motion_of_which_the_fixed_image_was_made(lesson):
    truth = lesson["field_of"](lesson["rigid"](10, 3, -2))
    fixed, moving = lesson["scans"](lesson["images"], truth)
    end, alike = lesson["register"](fixed[0], moving[0], lesson["rigid"](0, 0, 0), 3)
    assert lesson["error"](lesson["field_of"](end), truth, fixed).item() < 1.0  # less than half a pixel
    assert 0.8 < alike <= 1


class InMillimeters(sitk.ImageRegistrationMethod):
    """Gets sigmas in pixels of the full image, and passes them on in millimeters, for pixels of 3 mm."""

    def SetSmoothingSigmasPerLevel(self, sigmas):
        super().SetSmoothingSigmasPerLevel([3.0 * sigma for sigma in sigmas])

    def SmoothingSigmasAreSpecifiedInPhysicalUnitsOff(self):
        self.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()


def test_smoothing_of_the_levels_is_in_pixels_of_the_full_image(lesson, monkeypatch):
    lesson.update(down=3.0, across=3.0)
    truth = lesson["field_of"](lesson["rigid"](8, 2, -2))
    fixed, moving = lesson["scans"](lesson["images"], truth)
    ends = [lesson["register"](fixed[0], moving[0], lesson["rigid"](0, 0, 0), 3)]
    monkeypatch.setattr(sitk, "ImageRegistrationMethod", InMillimeters)
    ends.append(lesson["register"](fixed[0], moving[0], lesson["rigid"](0, 0, 0), 3))
    lesson.update(down=3.0, across=2.0)
    assert ends[0][0].GetParameters() == pytest.approx(ends[1][0].GetParameters(), abs=1e-6)
    assert ends[0][1] == pytest.approx(ends[1][1])


def test_smoothing_of_demons_is_in_pixels_whatever_the_spacing(lesson):
    fixed = lesson["images"]
    moving = warp(fixed, smooth(1))
    found = []
    for size in (1.0, 3.0):
        lesson.update(down=size, across=size)
        found.append(lesson["demons"](fixed, moving, 1.5))
    lesson.update(down=3.0, across=2.0)
    assert found[0].abs().max() > 0.5
    assert torch.allclose(*found, atol=1e-4)


def test_the_splines_are_those_of_simpleitk(lesson):
    """41 x 49 pixels are 10 x 12 cells of 4 pixels."""
    rows, columns = lesson["basis"](41), lesson["basis"](49)
    control = torch.randn(2, rows.shape[1], columns.shape[1], generator=torch.Generator().manual_seed(4))
    spline = sitk.BSplineTransform(2, 3)
    spline.SetTransformDomainOrigin((0.0, 0.0))
    spline.SetTransformDomainPhysicalDimensions((48.0, 40.0))
    spline.SetTransformDomainMeshSize((12, 10))
    spline.SetParameters(torch.cat([control[1].flatten(), control[0].flatten()]).double().tolist())  # across first
    u = rows @ control @ columns.T
    for i, j in ((0, 0), (7, 30), (20, 5), (33, 41)):
        x, y = spline.TransformPoint((float(j), float(i)))
        assert (x - j, y - i) == pytest.approx((u[1, i, j].item(), u[0, i, j].item()), abs=1e-4)


@pytest.mark.parametrize("side", [5, 32, 41, 64])
def test_the_splines_add_up_to_one_at_each_pixel(lesson, side):
    assert torch.allclose(lesson["basis"](side).sum(1), torch.ones(side), atol=1e-5)


def test_correlation_is_that_of_numpy_and_forgives_brightness(lesson):
    one, other = smooth_images(1), smooth_images(2)
    found = lesson["correlation"](one, other)
    for k in (0, 1):
        assert found[k].item() == pytest.approx(np.corrcoef(one[k].flatten(), other[k].flatten())[0, 1], abs=1e-4)
    assert torch.allclose(lesson["correlation"](one, 3 * one + 2), torch.ones(2), atol=1e-4)


def test_an_affine_map_does_not_bend(lesson):
    rows, columns = torch.meshgrid(torch.arange(12.0), torch.arange(9.0), indexing="ij")
    straight = torch.stack([0.2 * rows - 0.1 * columns, 0.3 * columns + 1])[None]
    assert lesson["bending"](straight).item() == pytest.approx(0, abs=1e-8)
    curved = torch.stack([rows**2 / 2, 0 * rows])[None]  # second difference 1
    assert lesson["bending"](curved).item() == pytest.approx(0.5, abs=1e-4)  # of one component of two
    twisted = torch.stack([rows * columns, 0 * rows])[None]  # mixed difference 1, counted twice
    assert lesson["bending"](twisted).item() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(("method", "setting"), [("bspline", 1), ("demons", 1.0)])
def test_both_elastic_methods_come_closer_to_a_known_bending(lesson, method, setting):
    truth = smooth(2, 2.0)
    moving = lesson["images"].repeat(2, 1, 1, 1) + 0.2 * smooth_images(5, 2, (HIGH, WIDE))
    fixed = warp(moving, truth)
    found = lesson[method](fixed, moving, setting)
    after, before = lesson["error"](found, truth, fixed), lesson["error"](0 * truth, truth, fixed)
    assert (after < 0.6 * before).all()
    assert (lesson["correlation"](fixed, warp(moving, found)) > lesson["correlation"](fixed, moving)).all()


def test_more_weight_bends_less(lesson):
    moving = lesson["images"]
    fixed = warp(moving, smooth(1, 3.0))
    bent = [lesson["bending"](lesson["bspline"](fixed, moving, weight)).item() for weight in (0, 1, 100)]
    assert bent[0] > bent[1] > bent[2]


def test_maps_are_joined_in_the_order_of_simpleitk(lesson):
    """x goes to x + u(x), and from there by the first map: CompositeTransform([first, u])."""
    before, u = lesson["rigid"](9, 2, 1), smooth(1)
    task = (lesson["images"], lesson["images"], lesson["field_of"](before), None)
    joined = lesson["elastic"](lambda fixed, moved, setting: u, None, task)
    size = np.array([lesson["across"], lesson["down"]])
    field = sitk.GetImageFromArray(u[0].flip(0).movedim(0, -1).double().numpy() * size, isVector=True)
    field.SetSpacing(size.tolist())
    both = sitk.CompositeTransform([before, sitk.DisplacementFieldTransform(field)])
    for i, j in ((20, 24), (12, 30), (28, 15)):
        wanted = (np.array(both.TransformPoint((j * size[0], i * size[1]))) / size - (j, i))[::-1]
        assert joined[0, :, i, j].numpy() == pytest.approx(wanted, abs=1e-2)


def test_the_judge_of_patients_is_blind_to_brightness_and_one_for_equal_masks(lesson):
    masks = (lesson["images"] > 0.4).float()
    task = lesson["patient_task"](lesson["images"].repeat(2, 1, 1, 1), masks.repeat(2, 1, 1, 1))
    assert task[3](torch.zeros(2, 2, HIGH, WIDE)).tolist() == pytest.approx([1, 1])
    alike, overlap, folded = lesson["judged"](torch.zeros(2, 2, HIGH, WIDE), task)
    assert alike == pytest.approx(np.ones(2), abs=1e-4)
    assert overlap == pytest.approx(np.ones(2))
    assert folded.tolist() == [0, 0]
