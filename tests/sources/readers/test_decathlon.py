import json

import numpy as np
import pytest
import torch

import medlab
from medlab.errors import DataError


def edit(task, **facts):
    path = task / "dataset.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))


def test_a_task_opens_with_one_channel_per_structure(task):
    cohort = medlab.open(task, fit="pad")
    assert cohort.images.shape == (2, 1, 7, 8, 5)
    assert cohort.images.amax(dim=(1, 2, 3, 4)).tolist() == [10, 11]
    assert cohort.structures == ("front", "back")
    assert cohort.masks.sum(dim=(2, 3, 4)).tolist() == [[1, 2], [1, 2]]
    assert cohort.patient_ids.tolist() == ["case_0", "case_1"]
    assert cohort.spacing == (1, 1, 1)
    assert (cohort.modality, cohort.licence) == ("MRI", "CC0")
    assert "1 test cases without labels were left out" in cohort.notes


def test_the_names_may_be_keys_as_in_nnunet(task):
    edit(task, labels={"background": 0, "back": 2, "front": 1})
    assert medlab.open(task, fit="pad").structures == ("front", "back")


def test_sizes_are_said_and_an_unknown_fit_is_suggested(task):
    with pytest.raises(DataError, match="from 6x6x5 to 7x8x5"):
        medlab.open(task)
    with pytest.raises(medlab.MedlabError, match="did you mean 'pad'"):
        medlab.open(task, fit="padd")


def test_masks_stay_on_their_structures(task):
    cohort = medlab.open(task, fit="crop")
    assert cohort.images.shape == (2, 1, 6, 6, 5)
    assert torch.nonzero(cohort.masks[0, 0]).tolist() == [[2, 2, 1]]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"labels": {"0": "background", "1": "front"}}, "holds 2, which dataset.json does not name"),
        ({"training": [{"image": "./imagesTr/no.nii.gz", "label": "./labelsTr/no.nii.gz"}]}, "there is no file"),
        ({"training": [{"image": "../x.nii.gz", "label": "../../etc/passwd"}]}, "leads out of the folder"),
        ({"training": 3}, "dataset.json cannot be read"),
        ({"training": []}, "lists 0 training cases"),
    ],
)
def test_faults_are_named(task, facts, said):
    edit(task, **facts)
    with pytest.raises(DataError, match=said):
        medlab.open(task, fit="pad")


def test_a_label_of_another_shape_is_refused(task, save_nifti):
    save_nifti(task / "labelsTr" / "case_1.nii.gz", np.zeros((3, 3, 3), dtype=np.uint8))
    with pytest.raises(DataError, match=r"mask case_1\.nii\.gz has size 3x3x3, its image case_1\.nii\.gz 7x6x5"):
        medlab.open(task, fit="pad")


@pytest.mark.needs_mirror
def test_the_real_hippocampus_is_what_is_published(mirror):
    if not (mirror / "hippocampus").is_dir():
        pytest.skip("the mirror has no hippocampus")
    cohort = medlab.open(mirror / "hippocampus", fit="crop")
    assert cohort.images.shape == (260, 1, 31, 40, 24)
    assert cohort.structures == ("Anterior", "Posterior")
    assert cohort.masks.flatten(2).any(dim=2).all()
    assert any("normalize" in note for note in cohort.notes)
