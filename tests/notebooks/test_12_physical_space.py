"""What lesson 12 says of places, held against nibabel, SimpleITK and geometry; its explorer, over all states."""

from itertools import product

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from matplotlib.figure import Figure
from nibabel.affines import apply_affine

from medlab.sources.packaged import carried
from tests.notebooks.cells import definitions

MNI = "datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"
CODES = ("RAS", "LAS", "LPS", "RSA")


@pytest.fixture
def lesson():
    names = definitions("12_physical_space")
    world = {"spacing": np.array([1.0, 0.8, 2.0]), "sitk": sitk, "scans": np.zeros((2, 9, 8, 12), np.float32)}
    names["as_itk"].__globals__.update(world)
    return names


def oblique(seed=0):
    rng = np.random.default_rng(seed)
    return nibabel.affines.from_matvec(np.linalg.qr(rng.normal(size=(3, 3)))[0] * [1, 2, 5], rng.normal(0, 50, 3))


def ball(shape, center, radius):
    places = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), -1)
    return np.linalg.norm(places - np.array(center), axis=-1) <= radius


def test_the_commissure_is_a_bright_spot_and_the_origin_is_fluid():
    head = nibabel.load(carried("nilearn", MNI))
    brightness = np.asarray(head.dataobj)
    assert (np.linalg.inv(head.affine) @ [0, 3, -5, 1])[:3].tolist() == [98, 137, 67]
    near = brightness[98, 134:141, 64:71]
    assert brightness[98, 137, 67] == near.max() == 221
    assert brightness[98, 134, 72] == 71


def test_the_commissure_crosses_the_midline_and_the_fluid_behind_it_does_not():
    brightness = np.asarray(nibabel.load(carried("nilearn", MNI)).dataobj)
    assert brightness[90:107, 137, 67].min() > 180
    assert brightness[98, 128:135, 67].max() < 100


def test_places_are_those_of_nibabel(lesson):
    voxels = np.random.default_rng(1).integers(0, 40, (20, 3))
    assert lesson["place"](oblique(), voxels) == pytest.approx(apply_affine(oblique(), voxels))


@pytest.mark.parametrize("codes", [*CODES, "PIR", "SLA"])
def test_storing_in_another_order_moves_no_voxel(lesson, codes):
    array = np.random.default_rng(2).random((4, 5, 6))
    image = nibabel.Nifti1Image(array, np.diag([2.0, 3, 4, 1]))
    stored = lesson["stored_as"](image, codes)
    assert "".join(nibabel.aff2axcodes(stored.affine)) == codes
    for voxel in product(range(4), range(5), range(6)):
        found = np.linalg.solve(stored.affine, [*apply_affine(image.affine, voxel), 1])[:3].round().astype(int)
        assert stored.get_fdata()[tuple(found)] == array[voxel]


@pytest.mark.parametrize("axes", ["RAS", "IPL", "LSA"])
def test_upright_arrays_are_those_of_nibabel(lesson, axes):
    volumes = np.random.default_rng(3).random((2, 4, 5, 6)).astype(np.float32)
    turn = nibabel.orientations.ornt_transform(
        nibabel.orientations.axcodes2ornt(axes), nibabel.orientations.axcodes2ornt("RAS")
    )
    lesson["upright"].__globals__["turn"] = turn
    affine = nibabel.orientations.inv_ornt_aff(nibabel.orientations.axcodes2ornt(axes), (4, 5, 6))
    for found, volume in zip(lesson["upright"](volumes), volumes, strict=True):
        file = nibabel.Nifti1Image(volume, np.linalg.inv(affine))
        assert "".join(nibabel.aff2axcodes(file.affine)) == axes
        assert np.array_equal(found, nibabel.as_closest_canonical(file).get_fdata(dtype=np.float32))


@pytest.mark.parametrize("side", [-1, 1])
def test_the_side_of_a_lesion_on_an_empty_scan_is_found_and_flips(lesson, side):
    for seed in range(10):
        volume = lesson["with_lesion"](np.zeros((40, 44, 30), np.float32), side, np.random.default_rng(seed))
        assert lesson["side_of"](volume) == side
        assert lesson["side_of"](volume[::-1]) == -side


def test_a_scanner_averages_and_moves_the_origin_to_the_middle(lesson):
    array = np.random.default_rng(4).random((9, 8, 12)).astype(np.float32)
    found = lesson["scanned"](array, (1, 2, 3))
    wanted = array.reshape(9, 4, 2, 4, 3).mean((2, 4))
    averages = sitk.GetArrayFromImage(found).T
    assert averages == pytest.approx(wanted, abs=1e-5)
    assert found.GetSpacing() == pytest.approx((1.0, 1.6, 6.0))
    assert found.GetOrigin() == pytest.approx((0, 0.4, 2.0))


def test_nearest_neighbor_repeats_thick_slices_and_a_lost_origin_shifts_them(lesson):
    array = np.random.default_rng(5).random((9, 8, 12)).astype(np.float32)
    image = lesson["scanned"](array, (1, 1, 3))
    repeated = array.reshape(9, 8, 4, 3).mean(3).repeat(3, 2)
    assert lesson["brought_back"](image, sitk.sitkNearestNeighbor) == pytest.approx(repeated, abs=1e-5)
    image.SetOrigin((0, 0, 0))
    shifted = lesson["brought_back"](image, sitk.sitkNearestNeighbor)
    assert shifted[..., :-1] == pytest.approx(repeated[..., 1:], abs=1e-5)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_linear_interpolation_of_a_finished_mask_is_nearest_neighbor(lesson, factor):
    mask = np.random.default_rng(6).random((9, 8, 12)) < 0.5
    finished = sitk.Cast(lesson["scanned"](mask, (1, 1, factor)) >= 0.5, sitk.sitkFloat32)
    nearest, linear = (lesson["brought_back"](finished, how) for how in (sitk.sitkNearestNeighbor, sitk.sitkLinear))
    assert np.array_equal(nearest > 0, linear >= 0.5)


def test_shares_of_a_slope_are_interpolated_without_error(lesson):
    k = np.arange(12, dtype=np.float32)
    slope = np.broadcast_to(k, (9, 8, 12))
    found = lesson["brought_back"](lesson["scanned"](slope, (1, 1, 3)), sitk.sitkLinear)
    assert found[..., 1:-1] == pytest.approx(slope[..., 1:-1], abs=1e-4)


def test_the_main_axis_of_a_ball_is_its_diameter_in_the_unit_of_the_spacing(lesson):
    mask = ball((30, 30, 30), (15, 15, 15), 10)
    assert lesson["main_axis"](mask) == pytest.approx(20, rel=0.03)
    assert lesson["main_axis"](mask[:, :, ::2], (3, 3, 6)) == pytest.approx(60, rel=0.03)


def test_likeness_is_a_correlation_with_the_other_scans(lesson):
    scans = np.random.default_rng(7).random((4, 5, 6, 7))
    lesson["likeness"].__globals__["scans"] = scans
    wanted = [np.corrcoef(scans[k].ravel(), np.delete(scans, k, 0).mean(0).ravel())[0, 1] for k in range(4)]
    assert lesson["likeness"](scans) == pytest.approx(wanted)


def explorer_of(lesson):
    array = np.zeros((66, 78, 63), np.int16)  # every third voxel of MNI152
    array[59:63, 40:44, 26:30] = 400
    coarse = nibabel.Nifti1Image(array, nibabel.affines.from_matvec(np.eye(3) * 3, [-98, -134, -72]))
    files = {codes: lesson["stored_as"](coarse, codes) for codes in CODES}
    lesson["draw_head"].__globals__.update(coarse=coarse, files=files)
    return lesson["draw_head"], lesson["say_head"]


def test_each_state_of_the_explorer_draws_and_says_how_far_off_it_is(lesson):
    draw, say = explorer_of(lesson)
    for codes, reader, height in product(CODES, ("by its affine", "as RAS"), (-60, 10, 80)):
        assert isinstance(draw(codes, reader, height), Figure)
        right = reader == "by its affine" or codes == "RAS"
        assert (", 0 mm off" in say(codes, reader, height)) == right


def test_a_mirrored_file_puts_the_capsule_on_the_other_side(lesson):
    _, say = explorer_of(lesson)
    assert "RAS (84, -10, 10) mm, 0 mm" in say("LAS", "by its affine", 10)
    assert "RAS (-84, -10, 10) mm, 168 mm" in say("LAS", "as RAS", 10)
