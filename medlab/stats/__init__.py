"""Estimates with intervals: bootstrap over patients, spread over training seeds, paired differences.

Images of one patient are not independent, so whole patients are resampled (Field and Welsh 2007,
doi:10.1111/j.1467-9868.2007.00593.x). ``medlab.stats.intervals`` says how an interval is made from the resamples,
``tests/benchmarks/interval_coverage.py`` measures how often it holds the truth. ``LEFT_OUT`` is what no interval holds.

Examples
--------
>>> print(mean([0.81, 0.77, 0.9, 0.85], name="Dice", low=0, high=1))
Dice 0.83 (95 % CI 0.75 to 0.92; 4 patients)
"""

from medlab.stats.bootstrap import bootstrap, mean, over_seeds, paired
from medlab.stats.estimate import Estimate, difference

LEFT_OUT = (
    "The interval covers the draw of the test patients and of the training seeds. "
    "It leaves out the draw of the training set: other training patients could move the result further."
)

__all__ = ["LEFT_OUT", "Estimate", "bootstrap", "difference", "mean", "over_seeds", "paired"]
