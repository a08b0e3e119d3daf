"""A simulated hospital whose truth is known: patients, sites, scanners and images. Nothing in it is real.

What causes what is drawn in ``docs/hospital_graph.png``, and written in ``COEFFICIENTS`` and in the module ``records``.
How the modalities look: ``docs/hospital_modalities.png``.
"""

from medlab.hospital.hospital import Hospital
from medlab.hospital.modalities import MODALITIES
from medlab.hospital.observer import ideal_auc, template_score
from medlab.hospital.patients import COEFFICIENTS, DISEASES
from medlab.hospital.readers import READERS, Reader
from medlab.hospital.sites import SITES

__all__ = [
    "COEFFICIENTS",
    "DISEASES",
    "MODALITIES",
    "READERS",
    "SITES",
    "Hospital",
    "Reader",
    "ideal_auc",
    "template_score",
]
