"""A simulated hospital whose truth is known: patients, sites, scanners and images. Nothing in it is real.

What causes what is drawn in ``docs/hospital_graph.png``, and written in ``COEFFICIENTS`` and in the module ``records``.
How the modalities look: ``docs/hospital_modalities.png``.
"""

from medlab.hospital.annotators import READERS, Reader
from medlab.hospital.hospital import Hospital
from medlab.hospital.modalities import MODALITIES
from medlab.hospital.patients import COEFFICIENTS, DISEASES
from medlab.hospital.sites import SITES
from medlab.physics.ideal_observer import ideal_auc, template_score

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
