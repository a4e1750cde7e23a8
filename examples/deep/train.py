#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A network of many layers on a small table, as JSON for `blindsight import`: what a plan looks like
that has to bootstrap. Each layer starts as the identity, so that sixty of them learn at once.

    examples/deep/train.py data/wdbc.csv deep.json --label diagnosis --drop id --layers 64
"""
import argparse
import csv
import json

import numpy

BEND = (0.0, 1.0, 0.0, -0.05)  # keeps values that are near 1 where they are


def read(path, label, drop):
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in rows[0] if name != label and name not in drop]
    values = numpy.array([[float(row[name]) for name in names] for row in rows])
    labels = sorted({row[label] for row in rows})
    classes = numpy.array([labels.index(row[label]) for row in rows])
    return names, labels, values, classes


def forward(x, weights, biases):
    """Values before and behind each layer's activation."""
    before, behind = [], [x]
    for layer, (weight, bias) in enumerate(zip(weights, biases)):
        u = behind[-1] @ weight.T + bias
        before.append(u)
        last = layer + 1 == len(weights)
        behind.append(u if last else u + BEND[3] * u**3)
    return before, behind


def gradients(x, classes, weights, biases):
    before, behind = forward(x, weights, biases)
    scores = behind[-1] - behind[-1].max(axis=1, keepdims=True)
    chances = numpy.exp(scores) / numpy.exp(scores).sum(axis=1, keepdims=True)
    loss = -numpy.log(chances[numpy.arange(len(x)), classes] + 1e-12).mean()
    delta = chances.copy()
    delta[numpy.arange(len(x)), classes] -= 1
    delta /= len(x)
    out = []
    for layer in reversed(range(len(weights))):
        out.append((delta.T @ behind[layer], delta.sum(axis=0)))
        if layer > 0:
            delta = (delta @ weights[layer]) * (1 + 3 * BEND[3] * before[layer - 1] ** 2)
    return loss, out[::-1]


def learn(x, classes, n_layers, n_classes, steps, rate, rng):
    n = x.shape[1]
    weights = [numpy.eye(n) + 0.02 * rng.standard_normal((n, n)) for _ in range(n_layers - 1)]
    weights.append(rng.standard_normal((n_classes, n)) / n)
    biases = [numpy.zeros(len(weight)) for weight in weights]
    moments = [[numpy.zeros_like(p), numpy.zeros_like(p)] for p in weights + biases]
    for step in range(1, steps + 1):
        some = rng.choice(len(x), min(64, len(x)), replace=False)
        loss, found = gradients(x[some], classes[some], weights, biases)
        flat = [g for g, _ in found] + [g for _, g in found]
        size = numpy.sqrt(sum((g * g).sum() for g in flat))
        for p, g, (first, second) in zip(weights + biases, flat, moments):
            g = g / max(size, 1.0)  # steps through so many layers are kept short
            first += 0.1 * (g - first)
            second += 0.001 * (g * g - second)
            p -= rate * (first / (1 - 0.9**step)) / (numpy.sqrt(second / (1 - 0.999**step)) + 1e-8)
        if step % 100 == 0:
            print(f"step {step}: loss {loss:.4f}")
    return weights, biases


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table")
    parser.add_argument("out")
    parser.add_argument("--label", required=True)
    parser.add_argument("--drop", default="", help="columns, separated by commas")
    parser.add_argument("--layers", type=int, default=64)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--rate", type=float, default=3e-4)
    parser.add_argument("--seed", type=int, default=1)
    a = parser.parse_args()
    rng = numpy.random.default_rng(a.seed)
    names, labels, values, classes = read(a.table, a.label, a.drop.split(","))
    order = rng.permutation(len(values))
    train, test = order[: len(order) * 4 // 5], order[len(order) * 4 // 5 :]
    mean, deviation = values[train].mean(axis=0), 3 * values[train].std(axis=0)
    x = (values - mean) / deviation
    weights, biases = learn(x[train], classes[train], a.layers, len(labels), a.steps, a.rate, rng)
    right = forward(x[test], weights, biases)[1][-1].argmax(axis=1) == classes[test]
    print(f"{a.layers} layers: {100 * right.mean():.1f} % of {len(test)} rows that it did not see")
    layers = [{"weight": w.tolist(), "bias": b.tolist(), "activation": {"polynomial": list(BEND)}}
              for w, b in zip(weights, biases)]
    layers[-1]["activation"] = "identity"
    with open(a.out, "w") as file:
        json.dump({"name": "deep", "features": names, "labels": labels, "layers": layers,
                   "scaler": {"mean": mean.tolist(), "deviation": deviation.tolist()}}, file)


main()
