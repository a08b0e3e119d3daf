"""Brain MRI: T1, T2, FLAIR and proton density of the hospital's patients, by the equations of the spin echo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor

from medlab import progress
from medlab.errors import MedlabError, unknown
from medlab.hospital.brain import TISSUES, Heads, heads, pixels, spline, tissues
from medlab.hospital.brain_atlas import FIELD_MM, points_of
from medlab.hospital.rendering import device_of, keys, lesion_boxes
from medlab.hospital.streams import stream
from medlab.physics.kspace import rician

if TYPE_CHECKING:
    from medlab.cohort import Cohort
    from medlab.hospital.hospital import Hospital

CLASSES = ("white_matter_disease", "dementia", "brain_tumor")
STRUCTURES = ("gray matter", "white matter", "fluid", "ventricles", "white-matter lesion", "edema", "tumor")
# T1 and T2 in ms at 1.5 T, and protons relative to water. Normal tissues, fat (the scalp) and the lesion: BrainWeb,
# Kwan et al., IEEE Trans Med Imaging 18:1085 (1999), doi:10.1109/42.816072. Bone gives no signal.
# Edema, tumor and necrosis: a choice between gray matter and fluid.
RELAXATION = {
    "gray matter": (833.0, 83.0, 0.86), "white matter": (500.0, 70.0, 0.77), "fluid": (2569.0, 329.0, 1.0),
    "bone": (1.0, 1.0, 0.0), "scalp": (350.0, 70.0, 1.0), "lesion": (752.0, 237.0, 0.76),
    "edema": (1100.0, 170.0, 0.84), "tumor": (1200.0, 130.0, 0.86), "necrosis": (1900.0, 230.0, 0.95),
}  # fmt: skip
# Repetition and echo time, ms; FLAIR also waits after an inversion until fluid gives no signal.
SEQUENCES = {"T1": (500.0, 12.0), "T2": (4000.0, 100.0), "FLAIR": (9000.0, 120.0), "PD": (3000.0, 15.0)}
# Of each site: factors of T1 and T2 (a stronger magnet lengthens T1), repetition and echo time, and gain; strength of
# the bias field; noise relative to the signal of water, at 64 pixels. A choice, not a finding.
MAGNETS = {
    "A": (1.00, 1.00, 1.00, 1.00, 1.00, 0.10, 0.006),
    "B": (1.00, 1.00, 1.25, 0.80, 0.75, 0.14, 0.008),
    "C": (1.30, 0.92, 1.00, 1.15, 1.60, 0.26, 0.007),
}
BIAS_KNOTS = 5


def signal(t1: Tensor | float, t2: Tensor | float, protons: Tensor | float, *, tr: float, te: float, ti: float = 0.0):
    """Return the signal of a spin echo, after an inversion if ``ti`` is above 0.

    Parameters
    ----------
    t1, t2 : Tensor or float, ms
    protons : Tensor or float
        Density relative to water.
    tr, te, ti : float, ms
        Repetition, echo and inversion time.

    Returns
    -------
    Tensor
        M (1 - exp(-TR/T1)) exp(-TE/T2), or M |1 - 2 exp(-TI/T1) + exp(-TR/T1)| exp(-TE/T2).

    References
    ----------
    Haacke et al., Magnetic Resonance Imaging (1999), chapter 8; Hajnal et al., J Comput Assist Tomogr 16:841 (1992),
    doi:10.1097/00004728-199211000-00001.

    Examples
    --------
    >>> round(signal(1000.0, 100.0, 1.0, tr=1e6, te=100.0).item(), 3)
    0.368
    """
    t1, t2 = torch.as_tensor(t1), torch.as_tensor(t2)
    back = torch.exp(-tr / t1)
    grown = (1 - 2 * torch.exp(-ti / t1) + back).abs() if ti > 0 else 1 - back
    return protons * grown * torch.exp(-te / t2)


def null_time(t1: float, tr: float) -> float:
    """Return the inversion time, ms, at which a tissue gives no signal.

    Examples
    --------
    >>> round(null_time(2569.0, 9000.0))
    1705
    """
    return float(t1 * np.log(2 / (1 + np.exp(-tr / t1))))


def brain_mri(
    hospital: Hospital,
    table: pd.DataFrame,
    *,
    size: int,
    dose: float,
    device: str,
    sequences: Sequence[str] = ("T1",),
    dims: int = 2,
    bias: bool = True,
) -> Cohort:
    """Scan the brain of each patient; called through ``Hospital.cohort("brain_mri")``.

    Parameters
    ----------
    hospital : Hospital
    table : DataFrame
        One row per image, from ``hospital.image_table``; white_matter_disease, dementia and brain_tumor decide.
    size : int
        Pixels along each side of the field of 220 mm.
    dose : float
        Time of acquisition relative to the site's own; noise falls as 1/sqrt(dose).
    device : str
    sequences : sequence of str
        Channels, each one of "T1", "T2", "FLAIR", "PD".
    dims : int
        2: a slice through the lateral ventricles (and the tumor); 3: a volume with as many slices as rows.
    bias : bool
        Whether the coil is more sensitive on one side than on the other.

    Returns
    -------
    Cohort
        images (N, sequences, [size,] size, size) float32, in arbitrary units: MR has no scale of its own, and each
        site has its gain; labels (N, 3); masks (N, 7, [size,] size, size); for slices also boxes of tumor and lesions.

    Raises
    ------
    MedlabError
        If a sequence is unknown, or dims is not 2 or 3.
    SourceUnavailable
        If nilearn, which carries MNI152, is not installed.

    Notes
    -----
    Magnitude of complex Gaussian noise: Rician, which is also what several coils give when they are combined by their
    known sensitivities (Roemer et al., doi:10.1002/mrm.1910160203). Noise per sample of k-space
    is constant, so an image of twice the pixels is noisier. Face, eyes and vessels are not drawn;
    the head does not move.

    Examples
    --------
    >>> from medlab.hospital import Hospital
    >>> from medlab.hospital.hospital import image_table
    >>> h = Hospital(patients=1)
    >>> both = ("T2", "FLAIR")
    >>> brain_mri(h, image_table(h.patients, [0]), size=32, dose=1, device="cpu", sequences=both).images.shape[1:]
    torch.Size([2, 32, 32])
    """
    place, names = device_of(device), _names(sequences)
    if dims not in (2, 3) or isinstance(dims, bool):
        raise MedlabError(f"dims is {dims!r}; wanted 2 (a slice) or 3 (a volume)", hint="dims=2")
    shape = (size,) * dims
    images = torch.empty(len(table), len(names), *shape)
    masks = torch.empty(len(table), len(STRUCTURES), *shape, dtype=torch.uint8)
    step = 16 if dims == 2 else max(1, 2**18 // size**3)
    for start in progress.each(range(0, len(table), step), "simulating"):
        rows, part = table.iloc[start : start + step].reset_index(drop=True), slice(start, start + step)
        head = heads(hospital.seed, rows, place)
        shares = _shares(head, size, dims)
        images[part] = _scan(rows, shares, hospital.seed, names, dose, bias).cpu()
        masks[part] = tissue_masks(shares).cpu()
    return _cohort(images, masks, table, hospital.seed, names)


def _names(sequences: Sequence[str]) -> tuple[str, ...]:
    names = (sequences,) if isinstance(sequences, str) else tuple(sequences)
    for name in names:
        if name not in SEQUENCES:
            raise unknown("sequence", name, SEQUENCES)
    if not names:
        raise MedlabError("sequences is empty; wanted at least one", hint='sequences=("T1", "FLAIR")')
    return names


def _shares(head: Heads, size: int, dims: int) -> dict[str, Tensor]:
    """Return the share of each tissue in each pixel; those of slices are means of two by two points."""
    fine = 2 if dims == 2 else 1
    places = pixels(fine * size, dims, head.level)
    made = tissues(head, places, points_of(fine * size), FIELD_MM / (fine * size))
    return {name: F.avg_pool2d(value, 2) for name, value in made.items()} if dims == 2 else made


def _scan(
    table: pd.DataFrame, shares: dict[str, Tensor], seed: int, names: tuple[str, ...], dose: float, bias: bool
) -> Tensor:
    like = shares["fluid"]
    shape, dims = like.shape[1:], like.ndim - 1
    made = []
    for (patient, image), name, amounts in zip(
        keys(table), table["site"], torch.stack([shares[t] for t in TISSUES], dim=1), strict=True
    ):
        *_, gain, strength, sigma = MAGNETS[name]
        weights = torch.stack([contrast(one, name) for one in names]).to(like)
        clean = torch.einsum("st,t...->s...", weights, amounts)
        scanner = stream(seed, "brain_mri/scanner", patient, image)
        gain = gain * float(np.exp(scanner.normal(0, 0.08)))
        draws = scanner.standard_normal((1, 1, BIAS_KNOTS, BIAS_KNOTS, BIAS_KNOTS), np.float32)
        if bias:
            knots = torch.tensor(draws * strength / 0.354, device=like.device)
            clean = clean * torch.exp(spline(knots, shape[-1], middle=dims == 2)[0, 0])
        # Sigma of one sample of k-space is given: of a field that stays, finer pixels have less signal.
        sigma = sigma * (shape[-1] / 64) ** (dims / 2) / dose**0.5
        rng = stream(seed, "brain_mri/noise", patient, image)
        normal = rng.standard_normal((2, len(names), *shape), np.float32)
        made.append(gain * rician(clean, sigma, torch.from_numpy(normal).to(like.device)))
    return torch.stack(made)


def contrast(sequence: str, site: str) -> Tensor:
    """Return the signal of each of TISSUES in a sequence at a site's magnet, shape (9,), relative to water.

    Examples
    --------
    >>> gray, white, fluid = contrast("T1", "A")[:3]
    >>> bool(white > gray > fluid)
    True
    """
    tr, te = SEQUENCES[sequence]
    longer, shorter, repeat, echo, *_ = MAGNETS[site]
    t1, t2, protons = torch.tensor([RELAXATION[t] for t in TISSUES]).unbind(1)
    t1, t2 = t1 * longer, t2 * shorter
    fluid = t1[TISSUES.index("fluid")].item()
    ti = null_time(fluid, tr * repeat) if sequence == "FLAIR" else 0.0
    return signal(t1, t2, protons, tr=tr * repeat, te=te * echo, ti=ti)


def tissue_masks(shares: dict[str, Tensor]) -> Tensor:
    """Return 0/1 masks (N, 7, ...) of STRUCTURES: tissues where they prevail, findings from half of their peak.

    Parameters
    ----------
    shares : dict of str to Tensor, shape (N, ...), 0 to 1
        From ``medlab.hospital.brain.tissues``.

    Examples
    --------
    >>> names = ("gray matter", "white matter", "fluid", "ventricles", "lesion", "edema", "tumor", "necrosis")
    >>> tissue_masks({name: torch.ones(1, 2, 2) * (name == "fluid") for name in names}).flatten(2).sum(2).tolist()
    [[0, 0, 4, 0, 0, 0, 0]]
    """
    large = torch.stack([shares[name] for name in STRUCTURES[:4]], dim=1) >= 0.5
    small = torch.stack([shares["lesion"], shares["edema"], shares["tumor"] + shares["necrosis"]], dim=1)
    peak = small.flatten(2).amax(dim=2).reshape(*small.shape[:2], *[1] * (small.ndim - 2))
    return torch.cat([large, (small >= (0.5 * peak).clamp(max=0.4)) & (peak > 0.05)], dim=1).to(torch.uint8)


def _cohort(images: Tensor, masks: Tensor, table: pd.DataFrame, seed: int, names: tuple[str, ...]) -> Cohort:
    from medlab.cohort import Cohort

    dims = images.ndim - 2
    return Cohort(
        images,
        table.drop(columns="patient"),
        labels=torch.tensor(table[list(CLASSES)].to_numpy(np.float32)),
        masks=masks,
        boxes=lesion_boxes(masks[:, 4] | masks[:, 6]) if dims == 2 else None,
        spacing=(FIELD_MM / images.shape[-1],) * dims,
        axes="IPL" if dims == 3 else "",
        modality="brain MRI, " + ", ".join(names),
        intensity="signal, arbitrary units",
        classes=CLASSES,
        structures=STRUCTURES,
        positive="brain_tumor",
        source=f"hospital:brain_mri (simulated from MNI152, seed {seed})",
        licence="CC0 (simulated); MNI152: permission notice of McConnell Brain Imaging Centre, free for any use",
        simulated=True,
        notes=(
            "simulated by warping one template: no result on it says anything about patients",
            "seen from the feet: the patient's right is on the left of the image",
        ),
    )
