#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains a residual network on data/wdbc.csv and exports it to ONNX.

    train.py ../../data/wdbc.csv -o wdbc.onnx

h + relu(W h) behind a first layer, with a sigmoid of the input beside it. What activations see
is kept small while training: their polynomials are then of low degree. Needs PyTorch (Debian:
python3-torch).
"""
import argparse
import csv

import torch
from torch import nn


class Residual(nn.Module):
    def __init__(self, mean, deviation):
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        self.first = nn.Linear(len(mean), 12)
        self.second = nn.Linear(12, 12)
        self.gate = nn.Linear(len(mean), 4)
        self.output = nn.Linear(16, 2)

    def forward(self, x):
        x = (x - self.mean) / self.deviation
        a, g = self.first(x), self.gate(x)
        h = torch.relu(a)
        b = self.second(h)
        self.seen = torch.cat((a, b, g), 1)
        return self.output(torch.cat((h + torch.relu(b), torch.sigmoid(g)), 1))


def read_table(path):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in rows[0] if name not in ("id", "diagnosis")]
    x = torch.tensor([[float(row[name]) for name in names] for row in rows])
    y = torch.tensor([int(row["diagnosis"] == "M") for row in rows])
    return x, y


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("table")
    parser.add_argument("-o", "--output", required=True)
    options = parser.parse_args()
    torch.manual_seed(1)
    x, y = read_table(options.table)
    order = torch.randperm(len(x))
    train, test = order[:len(x) * 3 // 4], order[len(x) * 3 // 4:]
    network = Residual(x[train].mean(0), x[train].std(0))
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.1)
    for _ in range(400):
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(network(x[train]), y[train])
        (loss + torch.relu(network.seen.abs() - 2).square().mean()).backward()
        optimiser.step()
    network.eval()
    right = (network(x[test]).argmax(1) == y[test]).sum()
    print(f"{int(right)} of {len(test)} test rows right")
    torch.onnx.export(network, x[:1], options.output, opset_version=13, input_names=["x"],
                      output_names=["y"], dynamic_axes={"x": {0: "N"}, "y": {0: "N"}})


if __name__ == "__main__":
    main()
