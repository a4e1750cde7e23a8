# SPDX-License-Identifier: Apache-2.0
"""ResNet-20 for 32 x 32 images whose activations are quadratics, one a channel.

a x^2 + b x + c is made of x and x^2, each normalised by itself over the batch (AESPA, arXiv
2201.06699): in training that keeps both in range, and afterwards it is a fixed quadratic.
"""
import torch
from torch import nn

# Of the bytes of CIFAR-10's training images: what the network takes off and divides by.
MEAN = (125.3, 123.0, 113.9)
DEVIATION = (63.0, 62.1, 66.7)


class Quadratic(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first, self.second = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)
        nn.init.constant_(self.first.weight, 0.5)
        nn.init.constant_(self.second.weight, 0.2821)
        nn.init.constant_(self.first.bias, 0.3989)
        self.second.bias.requires_grad_(False)

    def forward(self, x):
        return self.first(x) + self.second(x * x)

    def coefficients(self):
        """a, b, c of each channel, as double precision numbers."""
        (b, c), (a, d) = affine(self.first), affine(self.second)
        return a, b, c + d


class Block(nn.Module):
    def __init__(self, before, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, channels, 3, stride, 1, bias=False)
        self.act1 = Quadratic(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.act2 = Quadratic(channels)
        self.norm = nn.BatchNorm2d(channels)
        self.short = nn.Identity()
        if stride > 1:
            self.short = nn.Sequential(nn.Conv2d(before, channels, 1, stride, bias=False),
                                       nn.BatchNorm2d(channels))

    def forward(self, x):
        return self.act2(self.norm(self.conv2(self.act1(self.conv1(x)))) + self.short(x))


class ResNet20(nn.Module):
    def __init__(self, channels=16):
        super().__init__()
        widths = [channels << k // 3 for k in range(9)]
        self.conv = nn.Conv2d(3, channels, 3, 1, 1, bias=False)
        self.act = Quadratic(channels)
        self.blocks = nn.Sequential(*[Block(widths[max(k - 1, 0)], widths[k],
                                            2 if k in (3, 6) else 1) for k in range(9)])
        self.fc = nn.Linear(widths[-1], 10)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        for block in self.blocks:
            nn.init.constant_(block.norm.weight, 0.5)

    def forward(self, x):
        return self.fc(self.blocks(self.act(self.conv(x))).mean((2, 3)))


def affine(norm):
    """A batch norm that no longer learns: x -> scale x + shift, a pair for each channel."""
    scale = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
    return scale, norm.bias.double() - scale * norm.running_mean.double()
