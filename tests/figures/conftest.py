import pytest

from medlab.stats import Estimate


@pytest.fixture
def estimate():
    """Make an Estimate with an interval of 0.1 to both sides."""
    return lambda value: Estimate(value, value - 0.1, value + 0.1, n_patients=90, name="AUC")
