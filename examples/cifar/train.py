#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains ResNet-20 with quadratic activations (network.py) on CIFAR-10.

    train.py DATA -o resnet20.pt [--epochs 24] [--rate 0.1] [--steps N] [--channels 16]

DATA holds train/CLASS/*.jpg and test/CLASS/*.jpg (or png). Of the training images 2000 (of few, a
fifth) judge while training; the test images do once, at the end. --steps ends each epoch after so
many batches: to see that all of it works. An epoch takes about 80 s on two quiet cores. A
checkpoint after each epoch goes on where it stopped. Needs python3-torch and python3-pil.
"""
import argparse
import os

import numpy
import torch
from PIL import Image
from torch import nn
from torch.nn import functional

from network import DEVIATION, MEAN, ResNet20

BATCH, HELD_OUT = 128, 2000


def read_images(folder):
    images, classes = [], []
    for number, name in enumerate(sorted(os.listdir(folder))):
        for file in sorted(os.listdir(os.path.join(folder, name))):
            with Image.open(os.path.join(folder, name, file)) as image:
                images.append(numpy.asarray(image.convert("RGB")))
            classes.append(number)
    pixels = numpy.stack(images).transpose(0, 3, 1, 2)
    return torch.from_numpy(pixels.copy()), torch.tensor(classes)


def normalise(pixels):
    mean, deviation = (torch.tensor(x).view(1, 3, 1, 1) for x in (MEAN, DEVIATION))
    return ((pixels.float() - mean) / deviation).to(memory_format=torch.channels_last)


def augment(pixels):
    """Moved by up to four pixels, and turned over left to right half of the time."""
    n = len(pixels)
    padded = functional.pad(pixels, (4, 4, 4, 4))
    rows = (torch.randint(0, 9, (n,))[:, None] + torch.arange(32))[:, None, :, None]
    columns = (torch.randint(0, 9, (n,))[:, None] + torch.arange(32))[:, None, None, :]
    moved = padded[torch.arange(n)[:, None, None, None], torch.arange(3)[None, :, None, None],
                   rows, columns]
    turned = torch.rand(n) < 0.5
    moved[turned] = moved[turned].flip(3)
    return moved


def accuracy(network, pixels, classes):
    network.eval()
    right = 0
    with torch.no_grad():
        for k in range(0, len(classes), 500):
            right += (network(normalise(pixels[k:k + 500])).argmax(1) == classes[k:k + 500]).sum()
    network.train()
    return int(right) / len(classes)


def make_optimiser(network, rate):
    decayed = [p for p in network.parameters() if p.dim() > 1]
    others = [p for p in network.parameters() if p.dim() == 1 and p.requires_grad]
    groups = [{"params": decayed, "weight_decay": 5e-4}, {"params": others, "weight_decay": 0}]
    return torch.optim.SGD(groups, lr=rate, momentum=0.9, nesterov=True)


def train_epoch(network, optimiser, schedule, pixels, classes, order, steps):
    size = min(BATCH, len(order))
    for k in range(steps):
        batch = order[k * size:(k + 1) * size]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            scores = network(normalise(augment(pixels[batch]))).float()
        loss = functional.cross_entropy(scores, classes[batch], label_smoothing=0.1)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--channels", type=int, default=16)
    options = parser.parse_args()
    torch.manual_seed(1)
    pixels, classes = read_images(os.path.join(options.data, "train"))
    shuffled = torch.randperm(len(classes), generator=torch.Generator().manual_seed(7))
    n_held_out = min(HELD_OUT, len(classes) // 5)
    held_out, training = shuffled[:n_held_out], shuffled[n_held_out:]
    steps = max(len(training) // BATCH, 1)
    if options.steps is not None:
        steps = min(steps, options.steps)
    network = ResNet20(options.channels).to(memory_format=torch.channels_last)
    optimiser = make_optimiser(network, options.rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, options.rate, total_steps=max(options.epochs * steps, 10), pct_start=0.2)
    first = 0
    if os.path.exists(options.output):
        state = torch.load(options.output)
        network.load_state_dict(state["net"])
        optimiser.load_state_dict(state["opt"])
        schedule.load_state_dict(state["sched"])
        first = state["epoch"]
    for epoch in range(first, options.epochs):
        order = training[torch.randperm(len(training))]
        train_epoch(network, optimiser, schedule, pixels, classes, order, steps)
        print(f"epoch {epoch}: {accuracy(network, pixels[held_out], classes[held_out])} held out",
              flush=True)
        torch.save({"channels": options.channels, "net": network.state_dict(), "opt": optimiser.state_dict(),
                    "sched": schedule.state_dict(), "epoch": epoch + 1}, options.output + ".new")
        os.replace(options.output + ".new", options.output)
    print("test images:", accuracy(network, *read_images(os.path.join(options.data, "test"))))


if __name__ == "__main__":
    main()
