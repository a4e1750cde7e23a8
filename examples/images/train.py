#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the convolutional networks of this folder and exports them to ONNX.

    train.py RECIPE --data FOLDER --prefix PREFIX -o MODEL.onnx

RECIPE is mnist, tutorial, pneumonia, lenet or residual. FOLDER holds idx files, as MNIST's
are: PREFIXtrain-images-idx3-ubyte and so on. Activations are polynomials of degree 2, which
cost one level under encryption, and their inputs are kept small while training, so that
the ciphertext's modulus can be. Needs PyTorch (Debian: python3-torch).
"""
import argparse
import gzip
import os
import struct

import numpy
import torch
from torch import nn
from torch.nn import functional


class Square(nn.Module):
    def forward(self, x):
        return x * x


class Quadratic(nn.Module):
    """A small square on top of the value itself: easier to train than the square alone."""

    def forward(self, x):
        return 0.25 * x * x + 0.5 * x


class OneConvolution(nn.Module):
    """8 x 8 windows of 28 x 28 pixels: powers of two fill the slots best."""

    def __init__(self, channels, hidden, activation, n_classes):
        super().__init__()
        self.convolution = nn.Conv2d(1, channels, kernel_size=7, stride=3)
        self.first = activation()
        self.flatten = nn.Flatten()
        self.hidden = nn.Linear(64 * channels, hidden)
        self.second = activation()
        self.output = nn.Linear(hidden, n_classes)
        self.ranges = []

    def forward(self, x):
        a = self.convolution(x)
        b = self.hidden(self.flatten(self.first(a)))
        self.ranges = [a, b]
        return self.output(self.second(b))


class LeNet(nn.Module):
    """LeNet-5 (LeCun et al. 1998): its layers and poolings, with polynomials for its tanh."""

    def __init__(self, channels, hidden, activation, n_classes):
        super().__init__()
        first, second = channels
        self.convolutions = nn.ModuleList([nn.Conv2d(1, first, kernel_size=5, padding=2),
                                           nn.Conv2d(first, second, kernel_size=5)])
        self.pool = nn.AvgPool2d(2)
        self.flatten = nn.Flatten()
        widths = (25 * second,) + hidden
        self.hidden = nn.ModuleList(nn.Linear(*pair) for pair in zip(widths, widths[1:]))
        self.activation = activation()
        self.output = nn.Linear(hidden[-1], n_classes)
        self.ranges = []

    def forward(self, x):
        self.ranges = []
        for convolution in self.convolutions:
            self.ranges.append(convolution(x))
            x = self.pool(self.activation(self.ranges[-1]))
        x = self.flatten(x)
        for linear in self.hidden:
            self.ranges.append(linear(x))
            x = self.activation(self.ranges[-1])
        return self.output(x)


class Residual(nn.Module):
    """h = f(conv x), h + conv f(conv h), one mean for each channel and quarter of the image."""

    def __init__(self, channels, hidden, activation, n_classes):
        super().__init__()
        self.stem = nn.Conv2d(1, channels, kernel_size=7, stride=3)
        self.inner = nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False)
        self.normal = nn.BatchNorm2d(channels)
        self.outer = nn.Conv2d(channels, channels, kernel_size=3, padding=1)
        self.activation = activation()
        self.pool = nn.AvgPool2d(2)
        self.flatten = nn.Flatten()
        self.hidden = nn.Linear(16 * channels, hidden)
        self.output = nn.Linear(hidden, n_classes)
        self.ranges = []

    def forward(self, x):
        a = self.stem(x)
        h = self.activation(a)
        b = self.normal(self.inner(h))
        c = self.hidden(self.flatten(self.pool(h + self.outer(self.activation(b)))))
        self.ranges = [a, b, c]
        return self.output(self.activation(c))


RECIPES = {
    # network, channels, hidden, activation, epochs, largest shift, learning rate, weight decay
    "tutorial": (OneConvolution, 4, 64, Square, 12, 1, 2e-3, 1e-5),
    "mnist": (OneConvolution, 16, 64, Quadratic, 24, 2, 2e-3, 1e-4),
    "pneumonia": (OneConvolution, 8, 32, Quadratic, 30, 2, 1e-3, 1e-3),
    "lenet": (LeNet, (6, 16), (120, 84), Quadratic, 12, 2, 3e-3, 1e-4),
    "residual": (Residual, 16, 32, Quadratic, 40, 2, 3e-3, 1e-3),
}


def read_idx(path):
    opened = gzip.open(path + ".gz") if os.path.exists(path + ".gz") else open(path, "rb")
    with opened as file:
        rank = struct.unpack(">HBB", file.read(4))[2]
        shape = struct.unpack(">" + "I" * rank, file.read(4 * rank))
        return numpy.frombuffer(file.read(), dtype=numpy.uint8).reshape(shape)


def read_set(folder, prefix, part):
    find = os.path.join(folder, prefix + part)
    images = torch.from_numpy(read_idx(find + "-images-idx3-ubyte").copy()).float() / 255
    labels = torch.from_numpy(read_idx(find + "-labels-idx1-ubyte").copy()).long()
    return images.unsqueeze(1), labels


def shifted(images, most):
    """Each batch moved by a few pixels: a network that has seen that generalises better."""
    if most == 0:
        return images
    padded = functional.pad(images, (most, most, most, most), mode="replicate")
    dy, dx = (int(torch.randint(0, 2 * most + 1, ())) for _ in range(2))
    return padded[:, :, dy:dy + 28, dx:dx + 28]


def outputs_of(network, images):
    network.eval()
    with torch.no_grad():
        return torch.cat([network(part) for part in images.split(1000)])


def area_under_curve(scores, labels):
    order = scores.argsort()
    ranks = torch.empty_like(scores, dtype=torch.float64)
    ranks[order] = torch.arange(1, len(scores) + 1, dtype=torch.float64)
    positive = int(labels.sum())
    negative = len(labels) - positive
    return float((ranks[labels == 1].sum() - positive * (positive + 1) / 2) / (positive * negative))


def fit(network, recipe, images, labels, check):
    epochs, most, rate, decay = RECIPES[recipe][4:]
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=decay)
    batch = 64
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=rate, epochs=epochs, steps_per_epoch=(len(images) + batch - 1) // batch)
    # Classes count alike, however many images they have.
    weight = len(labels) / torch.bincount(labels).float() / (int(labels.max()) + 1)
    best, best_state = -1.0, None
    for epoch in range(epochs):
        network.train()
        for index in torch.randperm(len(images)).split(batch):
            logits = network(shifted(images[index], most))
            loss = functional.cross_entropy(logits, labels[index], weight=weight,
                                            label_smoothing=0.02)
            # What leaves [-4, 4] costs bits of modulus for ever after.
            spill = sum(functional.relu(r.abs() - 4).pow(2).mean() for r in network.ranges)
            optimiser.zero_grad()
            (loss + 0.1 * spill + 1e-3 * logits.pow(2).mean()).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        logits = outputs_of(network, check[0])
        accuracy = float((logits.argmax(1) == check[1]).float().mean())
        if accuracy >= best:
            best, best_state = accuracy, {k: v.clone() for k, v in network.state_dict().items()}
        print(f"epoch {epoch + 1}: loss {float(loss):.4f}, held-out accuracy {accuracy:.4f}",
              flush=True)
    network.load_state_dict(best_state)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("recipe", choices=sorted(RECIPES))
    parser.add_argument("--data", required=True, help="folder of idx files")
    parser.add_argument("--prefix", default="", help="in front of the files' names")
    parser.add_argument("--test", default="test", help="name of the test part (MNIST: t10k)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("-o", "--output", required=True)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)

    images, labels = read_set(args.data, args.prefix, "train")
    if os.path.exists(os.path.join(args.data, args.prefix + "val-images-idx3-ubyte")):
        check = read_set(args.data, args.prefix, "val")
    else: # the last tenth is held out: the test images are looked at once, at the end
        n = len(images) * 9 // 10
        check = images[n:], labels[n:]
        images, labels = images[:n], labels[:n]
    made, *shape = RECIPES[args.recipe][:4]
    network = made(*shape, int(labels.max()) + 1)
    fit(network, args.recipe, images, labels, check)

    images, labels = read_set(args.data, args.prefix, args.test)
    logits = outputs_of(network, images)
    print(f"test accuracy {float((logits.argmax(1) == labels).float().mean()):.4f}")
    if logits.shape[1] == 2:
        print(f"test AUC {area_under_curve(logits[:, 1] - logits[:, 0], labels):.4f}")
    print("largest value", [float(r.abs().max()) for r in network.ranges])
    torch.onnx.export(network, torch.zeros(1, 1, 28, 28), args.output, opset_version=13,
                      input_names=["image"], output_names=["scores"])


if __name__ == "__main__":
    main()
