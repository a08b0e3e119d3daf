"""Training that is not a lesson's subject: fit, minimize, predict, small networks, history, devices and seeds."""

from medlab.training.augmenting import augmentations
from medlab.training.device_and_seed import device, seeded, watch_devices
from medlab.training.fitting import fit, minimize, predict
from medlab.training.history import History
from medlab.training.networks import SmallResNet

__all__ = [
    "History",
    "SmallResNet",
    "augmentations",
    "device",
    "fit",
    "minimize",
    "predict",
    "seeded",
    "watch_devices",
]
