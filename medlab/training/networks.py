"""The one network that MONAI lacks: a residual net small enough to train in seconds on a processor."""

from __future__ import annotations

import contextlib
import itertools

from torch import Tensor, nn

from medlab.errors import MedlabError
from medlab.training.device_and_seed import seeded


class SmallResNet(nn.Module):
    """Residual network of about 50 000 parameters for small 2D images.

    The stem and every later stage halve the image, so that a forward pass at 28 px costs some thousandth of what
    the usual ResNet-18 with a stride-1 stem costs. A first normalization without parameters makes the network
    indifferent to the unit of the images (0 to 1, HU, arbitrary).

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of the image; number of logits.
    channels : sequence of int
        Width of the stem, then of each residual block.
    dropout : float
        Share of the pooled features that is dropped in training.
    seed : int, optional
        Seed of the first weights: the same seed gives the same network. Without it torch's own generator decides.

    Raises
    ------
    MedlabError
        In the forward pass, for images that are not (N, in_channels, H, W) or under 16 px a side.

    References
    ----------
    He et al. 2016, Deep residual learning for image recognition, doi:10.1109/CVPR.2016.90

    Examples
    --------
    >>> import torch
    >>> SmallResNet(1, 2, seed=0)(torch.zeros(4, 1, 28, 28)).shape
    torch.Size([4, 2])
    """

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int = 2,
        *,
        channels: tuple[int, ...] = (16, 32, 48),
        dropout: float = 0.1,
        seed: int | None = None,
    ):
        super().__init__()
        self.in_channels = in_channels
        with contextlib.nullcontext() if seed is None else seeded(seed):
            self.stem = nn.Sequential(
                nn.BatchNorm2d(in_channels, affine=False),
                nn.Conv2d(in_channels, channels[0], 3, stride=2, padding=1, bias=False),
                nn.BatchNorm2d(channels[0]),
                nn.ReLU(),
            )
            self.blocks = nn.Sequential(*(_Block(a, b) for a, b in itertools.pairwise(channels)))
            self.head = nn.Sequential(
                nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout), nn.Linear(channels[-1], out_channels)
            )

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (N, out_channels) of images (N, in_channels, H, W), each side at least 16 px."""
        if images.ndim != 4 or images.shape[1] != self.in_channels or min(images.shape[2:]) < 16:
            raise MedlabError(
                f"SmallResNet got images of shape {tuple(images.shape)}; wanted (N, {self.in_channels}, H, W) "
                "with sides of at least 16 px",
                hint="set in_channels=images.shape[1], or open the source with a larger size",
            )
        return self.head(self.blocks(self.stem(images)))


class _Block(nn.Module):
    """Two 3x3 convolutions, the first of which halves the image, and a 1x1 convolution as shortcut."""

    def __init__(self, inside: int, outside: int):
        super().__init__()
        self.first = nn.Conv2d(inside, outside, 3, stride=2, padding=1, bias=False)
        self.second = nn.Conv2d(outside, outside, 3, padding=1, bias=False)
        self.shortcut = nn.Conv2d(inside, outside, 1, stride=2, bias=False)
        self.norms = nn.ModuleList([nn.BatchNorm2d(outside), nn.BatchNorm2d(outside)])
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        inner = self.act(self.norms[0](self.first(x)))
        return self.act(self.norms[1](self.second(inner)) + self.shortcut(x))
