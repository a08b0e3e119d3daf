"""The modalities of the hospital: a name, and the function that images the patients."""

from __future__ import annotations

from collections.abc import Callable

from medlab.hospital.brain_mri import brain_mri
from medlab.hospital.chest_ct import chest_ct
from medlab.hospital.chest_xray import chest_xray
from medlab.hospital.dermoscopy import dermoscopy
from medlab.hospital.fundus import fundus
from medlab.hospital.histology import histology
from medlab.hospital.pet import pet
from medlab.hospital.ultrasound import ultrasound

# Each function takes (hospital, one row per image, size=, dose=, device=) and returns a Cohort. A new modality is one
# module and one line here.
MODALITIES: dict[str, Callable] = {
    "chest_xray": chest_xray,
    "chest_ct": chest_ct,
    "brain_mri": brain_mri,
    "pet": pet,
    "fundus": fundus,
    "dermoscopy": dermoscopy,
    "histology": histology,
    "ultrasound": ultrasound,
}
