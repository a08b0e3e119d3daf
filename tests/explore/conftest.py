"""Pictures and volumes that explorers must survive."""

import numpy as np
import pytest


@pytest.fixture
def disk():
    """A bright disk on a slope, 40 x 48: a picture with edges, and no two rows the same."""
    rows, columns = np.indices((40, 48))
    return 1.0 * ((rows - 18) ** 2 + (columns - 26) ** 2 < 90) + rows / 80
