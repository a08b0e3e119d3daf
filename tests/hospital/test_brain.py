"""Brain MRI: maps that do not fold, the spin echo, Rician noise, and lesions where the record says so."""

import math

import numpy as np
import pytest
import torch

from medlab.errors import MedlabError
from medlab.hospital import Hospital
from medlab.hospital.brain import TISSUES, heads, pixels, to_atlas, to_head
from medlab.hospital.brain_atlas import FIELD_MM, _places, atlas, exponential, sample, widening
from medlab.hospital.brain_mri import CLASSES, RELAXATION, STRUCTURES, _shares, contrast, null_time, signal
from medlab.hospital.hospital import image_table


def jacobian_determinant(displacement):
    """How much a map (N, 3, P, P, P), mm, changes volumes: above 0 everywhere if nothing folds."""
    step = FIELD_MM / displacement.shape[-1]
    slopes = torch.stack(torch.gradient(displacement, spacing=step, dim=(4, 3, 2)), dim=-1)
    return torch.linalg.det(slopes.movedim(1, -2) + torch.eye(3))


def atlas_places(hospital, rows, *, size, dims=2):
    """Where in MNI152 each pixel of the images is, mm."""
    head = heads(hospital.seed, rows, "cpu")
    return to_atlas(head, to_head(head, pixels(size, dims, head.level)))


@pytest.fixture(scope="module")
def hospital():
    return Hospital(patients=60, seed=6)


@pytest.fixture(scope="module")
def cohort(hospital):
    return hospital.cohort("brain_mri", size=64, sequences=("T1", "FLAIR"))


@pytest.fixture(scope="module")
def clean(hospital):
    return hospital.cohort("brain_mri", size=64, sequences=("T1", "T2", "FLAIR", "PD"), dose=1e8, bias=False, site="A")


def table(hospital, patients):
    return image_table(hospital.patients, np.arange(patients))


@pytest.mark.parametrize("scale", [2.0, 6.0])
def test_flowing_back_along_a_velocity_undoes_flowing_along_it(scale):
    torch.manual_seed(0)
    knots = torch.randn(2, 3, 5, 5, 5) * scale
    velocity = torch.nn.functional.interpolate(knots, size=(40,) * 3, mode="trilinear")
    there, back = exponential(velocity), exponential(-velocity)
    zero = exponential(torch.zeros(1, 3, 8, 8, 8))
    assert zero.abs().max() == 0
    assert jacobian_determinant(there)[:, 2:-2, 2:-2, 2:-2].min() > 0
    # Their sum is not 0, but as small as displacement times slope: composing them is.
    z, y, x = (torch.as_tensor(v, dtype=torch.float32) for v in _places(40))
    at = torch.stack(torch.broadcast_tensors(x, y, z), dim=-1)[None].expand(2, -1, -1, -1, -1)
    moved = at + there.movedim(1, -1)
    home = moved + sample(back, moved).movedim(1, -1)
    error = (home - at)[:, 8:-8, 8:-8, 8:-8].norm(dim=-1)
    assert error.mean() < 0.05 * there.norm(dim=1).mean()


def test_no_patients_map_folds(hospital):
    rows = table(hospital, 25)
    assert rows["brain_tumor"].sum() >= 3
    assert rows["dementia"].sum() >= 3
    size = 64
    places = atlas_places(hospital, rows, size=size, dims=3)
    step = 220 / size
    # Axes run from the top, from the front, and from the right: each is minus a coordinate.
    slopes = torch.stack([torch.gradient(places, spacing=-step, dim=d)[0] for d in (3, 2, 1)], dim=-1)
    assert torch.linalg.det(slopes).min() > 0


def test_ventricles_widen_and_the_map_does_not_fold():
    fields = widening()
    assert [jacobian_determinant(field[None]).min().item() > 0 for field in fields] == [True] * 13
    volume = []
    for amount in (-3, 0, 3, 6):
        z, y, x = (torch.as_tensor(v, dtype=torch.float32) for v in _places(55))
        at = torch.stack(torch.broadcast_tensors(x, y, z), dim=-1)[None]
        moved = at + sample(fields[amount + 6][None], at).movedim(1, -1)
        volume.append((sample(atlas(55).maps[None], moved)[0, 3] < 0).sum().item() * 4**3 / 1000)
    assert volume == sorted(volume)
    assert 10 < volume[1] < 40  # ml; of the lateral ventricles of adults
    assert volume[3] > 1.5 * volume[1]


def test_the_spin_echo_gives_the_textbook_signal():
    assert signal(1000.0, 100.0, 0.8, tr=1000.0, te=0.0).item() == pytest.approx(0.8 * (1 - math.exp(-1)))
    assert signal(500.0, 1e9, 1.0, tr=1e9, te=10.0, ti=500 * math.log(2)).item() == pytest.approx(0, abs=1e-6)
    for t1 in (300.0, 2569.0, 4000.0):
        ti = null_time(t1, 9000.0)
        assert signal(t1, 100.0, 1.0, tr=9000.0, te=10.0, ti=ti).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("site", ["A", "B", "C"])
def test_contrasts_are_in_the_order_that_radiologists_know(site):
    t1, t2, flair = (
        {t: v.item() for t, v in zip(TISSUES, contrast(s, site), strict=True)} for s in ("T1", "T2", "FLAIR")
    )
    assert t1["scalp"] > t1["white matter"] > t1["gray matter"] > t1["fluid"]
    assert t2["fluid"] > t2["lesion"] > t2["gray matter"] > t2["white matter"]
    assert flair["lesion"] > flair["gray matter"] > flair["white matter"] > flair["fluid"]
    assert flair["fluid"] < 1e-6
    assert set(RELAXATION) == set(TISSUES)


def test_pure_tissue_has_its_signal(hospital, clean):
    rows = image_table(hospital.patients, np.flatnonzero(hospital.patients["site"] == "A"))
    shares = _shares(heads(6, rows, "cpu"), 64, 2)
    for tissue in ("gray matter", "white matter", "fluid", "scalp"):
        pure = shares[tissue] > 0.97
        assert pure.sum() > 50
        for channel, name in enumerate(("T1", "T2", "FLAIR", "PD")):
            wanted = contrast(name, "A")[TISSUES.index(tissue)].item()
            # The gain of an image differs by 8 %; up to 3 % of a pixel are of other tissues, none brighter than 0.9.
            seen = clean.images[:, channel][pure].mean().item()
            assert seen == pytest.approx(wanted, rel=0.06, abs=0.03), (tissue, name)


def test_noise_is_rician_and_falls_with_time(hospital):
    for dose in (0.25, 1.0, 4.0):
        scan = hospital.cohort("brain_mri", size=64, site="A", dose=dose, bias=False)
        corner = scan.images[:, 0, :6, :6]
        sigma = 0.006 / dose**0.5
        assert corner.mean().item() == pytest.approx(sigma * math.sqrt(math.pi / 2), rel=0.06)
        assert (corner.mean() / corner.std()).item() == pytest.approx(math.sqrt(math.pi / (4 - math.pi)), rel=0.08)


def test_what_a_cohort_carries(cohort):
    n = len(cohort)
    assert cohort.images.shape == (n, 2, 64, 64)
    assert cohort.masks.shape == (n, 7, 64, 64)
    for column, structure in (("white_matter_disease", "white-matter lesion"), ("brain_tumor", "tumor")):
        drawn = cohort.masks[:, STRUCTURES.index(structure)].flatten(1).sum(1) > 0
        said = cohort.labels[:, CLASSES.index(column)] > 0
        assert not (drawn & ~said).any()
        # Every tumor crosses the slice; a mild white-matter disease may be hidden by it.
        assert (drawn & said).sum() >= (1.0 if column == "brain_tumor" else 0.95) * said.sum()
    matter = cohort.masks[:, :3].sum(1)
    assert matter.max() == 1


def test_labels_are_those_of_the_table(cohort):
    np.testing.assert_array_equal(cohort.patients[list(CLASSES)].to_numpy(np.float32), cohort.labels.numpy())


def test_lesions_are_bright_on_flair_and_dementia_widens_ventricles(cohort, clean):
    lesion = clean.masks[:, STRUCTURES.index("white-matter lesion")] > 0
    white = clean.masks[:, STRUCTURES.index("white matter")] > 0
    assert clean.images[:, 2][lesion].median() > 1.3 * clean.images[:, 2][white].median()
    ventricles = cohort.masks[:, STRUCTURES.index("ventricles")].flatten(1).sum(1).float()
    demented = cohort.labels[:, 1] > 0
    assert ventricles[demented].mean() > 1.3 * ventricles[~demented].mean()


def test_a_volume_is_cut_where_the_slice_is(hospital):
    rows = table(hospital, 3)
    head = heads(6, rows, "cpu")
    volume = to_head(head, pixels(32, 3, head.level))
    assert volume.shape == (len(rows), 32, 32, 32, 3)
    assert (volume[:, 0, ..., 2].mean() > volume[:, -1, ..., 2].mean()).item()  # from the top down
    assert (volume[:, :, 0, :, 1].mean() > volume[:, :, -1, :, 1].mean()).item()  # from the front to the back
    assert (volume[..., 0, 0].mean() > volume[..., -1, 0].mean()).item()  # from the right to the left
    scan = hospital.cohort("brain_mri", size=32, dims=3, site="A")
    assert scan.images.ndim == 5
    assert scan.spacing == (220 / 32,) * 3
    brain = scan.masks[:, :2].sum(1).flatten(1).sum(1).float() * (220 / 32) ** 3 / 1e6
    assert 0.7 < brain.mean() < 1.9  # liters


def test_atlas_places_say_which_tissue_a_pixel_shows(hospital, cohort):
    rows = table(hospital, 10)
    rows = rows[(rows["brain_tumor"] == 0) & (rows["dementia"] == 0)].reset_index(drop=True)
    head = heads(6, rows, "cpu")
    places = to_atlas(head, to_head(head, pixels(64, 2, head.level)))
    torch.testing.assert_close(places, atlas_places(hospital, rows, size=64))
    fluid = sample(atlas(110).maps[None], places)[:, 3] < -2
    of = cohort.patients["patient_id"].isin(rows["patient_id"]).to_numpy()
    seen = cohort.masks[torch.tensor(of), STRUCTURES.index("ventricles")] > 0
    assert (seen & fluid).sum() > 0.8 * fluid.sum()


@pytest.mark.parametrize("options", [{"sequences": ("T9",)}, {"sequences": ()}, {"dims": 4}, {"dims": True}])
def test_wrong_options_are_refused(hospital, options):
    with pytest.raises(MedlabError):
        hospital.cohort("brain_mri", size=32, **options)


def test_patients_do_not_depend_on_the_size_of_the_hospital():
    few, many = (Hospital(patients=n, seed=6).cohort("brain_mri", size=32) for n in (3, 20))
    torch.testing.assert_close(few.images, many.images[: len(few)], atol=1e-5, rtol=0)


def test_the_same_seed_gives_the_same_pixels_everywhere(cohort):
    seen = cohort.images[[0, 1, 2, 30, 60], 0, 30, 25]
    torch.testing.assert_close(seen, torch.tensor(PUBLISHED), atol=1e-5, rtol=0)


# Seed 6, 64 px, T1, row 30, column 25, images 0, 1, 2, 30, 60.
PUBLISHED = [0.282621, 0.534657, 0.354985, 0.382793, 0.592913]
