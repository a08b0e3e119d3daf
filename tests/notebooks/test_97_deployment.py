"""Lesson 97: files say where they lie, SEG and SR come back unchanged, and the alarm is a CUSUM."""

import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from pytest_socket import enable_socket

from tests.notebooks.cells import definitions

hd = pytest.importorskip("highdicom")
pytest.importorskip("pynetdicom")
SHAPE = (7, 20, 24)


@pytest.fixture
def lesson():
    import pydicom
    from pydicom.sr.codedict import codes

    names = definitions("97_deployment")
    rng = np.random.default_rng(0)
    labels = np.zeros((3, *SHAPE), np.uint8)
    labels[:, 1:5, 4:9, 3:17], labels[:, 2:6, 11:15, 10:21] = 1, 2
    ai = hd.AlgorithmIdentificationSequence("test", codes.cid7162.ArtificialIntelligence, "1.0")
    what = [codes.SCT.AnatomicalStructure, codes.SCT.Lung, codes.SCT.Heart]
    names |= {
        "values": torch.from_numpy(rng.normal(-300, 400, (3, *SHAPE)).clip(-1000, 1500).round().astype(np.float32)),
        "labels": labels, "names": ("lung", "heart"), "what": what, "ids": np.array(["a", "b", "c"]), "seed": 3,
        "spacing": np.array([5.0, 0.8, 1.3]), "ct": True, "example": "ct", "kinds": ("offset", "signed", "scaled"),
        "storage": pydicom.examples.ct.SOPClassUID, "inbox": tempfile.TemporaryDirectory(), "read_as": tuple("abcde"),
        "described": [
            hd.seg.SegmentDescription(n, name, what[0], what[n], "AUTOMATIC", ai)
            for n, name in enumerate(("lung", "heart"), 1)
        ],
    }  # fmt: skip
    return names


def shuffled(images, seed=0):
    return [images[i] for i in np.random.default_rng(seed).permutation(len(images))]


@pytest.mark.parametrize("k", [0, 1, 2])
def test_files_give_back_the_values_and_the_place_whatever_the_scanner(lesson, k):
    images = shuffled(list(lesson["scanned"](k)))
    theirs = hd.image.get_volume_from_series(images, apply_presentation_lut=False)
    values = lesson["values"][k].numpy()
    ours = hd.Volume(values, lesson["placed"](k), "PATIENT")
    assert np.allclose(theirs.match_geometry(ours).array, values, atol=0.02)
    assert np.allclose(theirs.match_geometry(ours).affine, lesson["placed"](k), atol=1e-4)
    again = np.stack([lesson["rescaled"](image) for image in lesson["checked"](images)])
    assert np.allclose(again, values, atol=0.02)
    assert images[0].PhotometricInterpretation == ("MONOCHROME1" if k == 2 else "MONOCHROME2")


def test_for_mr_as_well(lesson):
    import pydicom

    lesson |= {"ct": False, "example": "mr", "storage": pydicom.examples.mr.SOPClassUID}
    images = lesson["checked"](shuffled(list(lesson["scanned"](2))))
    assert np.allclose([lesson["rescaled"](image) for image in images], lesson["values"][2].numpy(), atol=0.02)


def test_a_slice_that_is_missing_or_of_another_series_is_refused(lesson):
    images = list(lesson["scanned"](0))
    with pytest.raises(ValueError, match="not one whole series"):
        lesson["checked"](images[:3] + images[4:])
    with pytest.raises(ValueError, match="not one whole series"):
        lesson["checked"](images[:-1] + list(lesson["scanned"](1))[-1:])


def test_a_sabotage_forgets_the_rescale(lesson):
    image = next(lesson["scanned"](0))
    lesson["lab"].broken = "ignore_rescale"
    assert np.array_equal(lesson["rescaled"](image), image.pixel_array.astype(np.float32))


@pytest.mark.parametrize("k", [0, 2])
def test_a_mask_comes_back_in_patient_coordinates_and_highdicom_reads_the_same(lesson, k):
    sources, truth = lesson["checked"](shuffled(list(lesson["scanned"](k)))), lesson["labels"][k]
    lesson["as_seg"](truth, sources).save_as(path := Path(lesson["inbox"].name) / "seg.dcm")
    seg = hd.seg.segread(path)
    assert np.array_equal(lesson["read_back"](seg, lesson["placed"](k), SHAPE), truth)
    ours = hd.Volume(truth, lesson["placed"](k), "PATIENT")
    theirs = seg.get_volume(combine_segments=True).match_geometry(ours)
    assert np.array_equal(theirs.array, truth)


def test_frames_may_come_in_any_order(lesson):
    sources = lesson["checked"](list(lesson["scanned"](0)))
    seg = lesson["as_seg"](lesson["labels"][0], sources)
    order = np.random.default_rng(1).permutation(seg.NumberOfFrames)

    own = [seg.PerFrameFunctionalGroupsSequence[i] for i in order]
    moved = SimpleNamespace(
        SharedFunctionalGroupsSequence=seg.SharedFunctionalGroupsSequence, Rows=seg.Rows, Columns=seg.Columns,
        PerFrameFunctionalGroupsSequence=own, pixel_array=seg.pixel_array[order],
    )  # fmt: skip
    found = lesson["read_back"](moved, lesson["placed"](0), SHAPE)
    assert np.array_equal(found, lesson["labels"][0])


def test_sources_in_another_order_put_the_mask_in_another_place(lesson):
    sources, truth = lesson["checked"](list(lesson["scanned"](0))), lesson["labels"][0]
    seg = lesson["as_seg"](truth, sources[2:] + sources[:2])
    assert (lesson["read_back"](seg, lesson["placed"](0), SHAPE) != truth).any()


def test_a_mask_of_one_frame_and_an_empty_one_come_back_as_well(lesson):
    sources = lesson["checked"](list(lesson["scanned"](0)))
    for z in ([], [3]):
        truth = np.zeros(SHAPE, np.uint8)
        truth[z, 5:9, 5:9] = 2
        seg = lesson["as_seg"](truth, sources)
        assert np.array_equal(lesson["read_back"](seg, lesson["placed"](0), SHAPE), truth)


def test_the_report_tells_the_volumes_and_the_segment(lesson):
    sources = lesson["checked"](list(lesson["scanned"](0)))
    seg = lesson["as_seg"](lesson["labels"][0], sources)
    lesson["as_sr"](seg, {1: 12.345, 2: 0.5}, sources).save_as(path := Path(lesson["inbox"].name) / "sr.dcm")
    groups = hd.sr.srread(path).content.get_volumetric_roi_measurement_groups()
    assert [float(group.get_measurements()[0].value) for group in groups] == [12.345, 0.5]
    assert [group.get_measurements()[0].unit.value for group in groups] == ["mL", "mL"]
    referred = [group.referenced_segment for group in groups]
    assert {one.referenced_sop_instance_uid for one in referred} == {seg.SOPInstanceUID}
    assert [int(one.referenced_segment_numbers[0]) for one in referred] == [1, 2]


def test_all_files_have_what_the_mandatory_modules_of_the_standard_require(lesson):
    """The tables of PS3.3 that highdicom carries; dicom-validator would download them."""
    from highdicom import _standard_utils as standard

    sources = lesson["checked"](list(lesson["scanned"](0)))
    seg = lesson["as_seg"](lesson["labels"][0], sources)
    report = lesson["as_sr"](seg, {1: 1.0}, sources)
    for dataset in (sources[0], seg, report):
        iod = standard.get_sop_class_iod_map()[dataset.SOPClassUID]
        modules = [m["key"] for m in standard.get_iod_module_map()[iod] if m["usage"] == "M"]
        assert len(modules) > 5
        for module in modules:
            # Functional groups are shared or of each frame, and the content of a report is a tree: no such table fits.
            if "functional-groups" not in module and module != "sr-document-content":
                standard.check_required_attributes(dataset, module)
    del seg.SegmentSequence
    with pytest.raises(AttributeError):
        standard.check_required_attributes(seg, "segmentation-image")


def test_what_is_sent_over_the_loopback_arrives_unchanged(lesson):
    import pydicom

    enable_socket()  # to this machine alone; the fixture no_network closes it again
    images = list(lesson["scanned"](1))
    assert lesson["sent"](images) == [0] * SHAPE[0]
    arrived = {image.SOPInstanceUID: image for image in map(pydicom.dcmread, Path(lesson["inbox"].name).iterdir())}
    for image in images:
        assert np.array_equal(arrived[image.SOPInstanceUID].pixel_array, image.pixel_array)
        assert arrived[image.SOPInstanceUID].ImagePositionPatient == image.ImagePositionPatient


def test_the_ways_of_reading_are_what_they_say(lesson):
    lesson |= {"low": -1000.0, "high": 500.0}
    images = lesson["checked"](list(lesson["scanned"](2)))
    right, raw, inverted, window, own = lesson["ways"](images).values()
    values = lesson["values"][2].numpy()
    assert np.allclose(right, values, atol=0.02)
    assert np.array_equal(raw, np.stack([image.pixel_array for image in images]))
    assert np.corrcoef(inverted.ravel(), right.ravel())[0, 1] == pytest.approx(-1, abs=0.05)
    assert np.allclose(window, values.clip(-1000, 500), atol=1500 / 255)
    assert own.min() == pytest.approx(-1000)
    assert own.max() == pytest.approx(500, abs=1)
    plain = lesson["ways"](lesson["checked"](list(lesson["scanned"](1))))
    assert np.array_equal(*list(plain.values())[0:3:2])


def test_the_alarm_is_a_cusum_upward_and_downward(lesson):
    z = np.random.default_rng(0).normal(0.3, 1.5, (12, 3))
    lesson["z"] = {"calm": z}
    found = lesson["highest"]("calm", np.arange(12))
    drawn = z[np.random.default_rng(3).integers(12, size=(400, 50))]
    for stream in range(0, 400, 40):
        up, down, most, wanted = np.zeros(3), np.zeros(3), 0.0, []
        for now in drawn[stream]:
            up, down = np.maximum(0, up + now - 1), np.maximum(0, down - now - 1)
            most = max(most, *up, *down)
            wanted.append(most)
        assert found[stream] == pytest.approx(wanted)
