#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Encrypted outputs against those in clear: compare.py CLEAR.csv ENCRYPTED.csv ROWS LABELS

Fails when an output is off by more than a thousandth of the outputs' range, or when the
accuracies differ by more than half a percent.
"""
import csv
import sys


def read(path):
    with open(path, newline="") as file:
        return [(row[1], [float(x) for x in row[2:]]) for row in list(csv.reader(file))[1:]]


def indices(text):
    for part in text.split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def main():
    clear_path, encrypted_path, rows, labels_path = sys.argv[1:]
    clear, encrypted = read(clear_path), read(encrypted_path)
    rows = list(indices(rows))
    assert len(rows) == len(encrypted), "one encrypted row for each row asked for"
    with open(labels_path, "rb") as file:
        labels = file.read()[8:]
    difference = size = 0.0
    agree = right_clear = right_encrypted = 0
    classes = len(encrypted[0][1])
    confusion = [[0] * classes for _ in range(classes)]
    for row, (predicted, outputs) in zip(rows, encrypted):
        expected, exact = clear[row]
        difference = max([difference] + [abs(x - y) for x, y in zip(outputs, exact)])
        size = max([size] + [abs(x) for x in exact])
        agree += predicted == expected
        right_clear += int(expected) == labels[row]
        right_encrypted += int(predicted) == labels[row]
        confusion[labels[row]][int(predicted)] += 1
    n = len(rows)
    print(f"{n} images: accuracy encrypted {right_encrypted / n:.4f}, clear {right_clear / n:.4f}; "
          f"{agree} predictions agree")
    print(f"largest difference of an output {difference:.2e}, "
          f"{difference / size:.2e} of the range {size:.3g}")
    print("confusion (rows true, columns predicted, encrypted):")
    for true, counts in enumerate(confusion):
        print(f"  {true}: " + " ".join(f"{c:4d}" for c in counts))
    if difference > 1e-3 * size or abs(right_encrypted - right_clear) > 0.005 * n:
        sys.exit("compare: encrypted and clear differ by more than they may")


if __name__ == "__main__":
    main()
