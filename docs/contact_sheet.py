"""Draw one image of every modality of the hospital: ``python docs/contact_sheet.py`` writes hospital_modalities.png."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from medlab.hospital import Hospital
from medlab.hospital.modalities import MODALITIES

OPTIONS = {"brain_mri": {"sequences": ("T1", "T2", "FLAIR", "PD")}}
WINDOW = {"chest_ct": (-1000, 400)}


def main() -> None:
    """Write the picture beside this file: six images of each modality, sites A, B and C in turn."""
    hospital, columns = Hospital(patients=30, seed=0), 6
    figure = Figure(figsize=(11, 1.95 * len(MODALITIES)), layout="constrained")
    axes = figure.subplots(len(MODALITIES), columns)
    for row, modality in zip(axes, MODALITIES, strict=True):
        cohort = hospital.cohort(modality, size=192, **OPTIONS.get(modality, {}))
        sites = cohort.patients["site"].tolist()
        chosen = [[k for k, s in enumerate(sites) if s == site][n * 3] for site in "ABC" for n in (0, 1)]
        for n, (axis, k) in enumerate(zip(row, chosen, strict=True)):
            image = cohort.images[k]
            picture = image.permute(1, 2, 0) if len(image) == 3 else image[n % len(image)]
            low, high = WINDOW.get(modality, (None, None))
            axis.imshow(picture, cmap="gray_r" if modality == "pet" else "gray", vmin=low, vmax=high)
            name = OPTIONS.get(modality, {}).get("sequences", ("",))[n % len(image)] if len(image) == 4 else ""
            axis.set_title(f"{modality} {name} site {sites[k]}", fontsize=8)
            axis.axis("off")
    figure.savefig(Path(__file__).with_name("hospital_modalities.png"), dpi=72)


if __name__ == "__main__":
    main()
