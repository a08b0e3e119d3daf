"""Training that is not a lesson's subject: fit, predict, small networks, history, devices and seeds."""

from medlab.training.device_and_seed import device, seeded
from medlab.training.fitting import augmentations, fit, predict
from medlab.training.history import History
from medlab.training.networks import SmallResNet

__all__ = ["History", "SmallResNet", "augmentations", "device", "fit", "predict", "seeded"]
