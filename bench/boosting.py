#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`blindsight train --model trees` beside scikit-learn's histogram boosting (docs/trees.md).

    bench/boosting.py BLINDSIGHT TABLES [SPLITS]

Both grow 100 trees of depth 4 on the rows that pandas samples, and are held against the others:
accuracy of classes, root mean squared error of quantities, means over the splits. TABLES is a
folder of CSV files; those that are not there are left out.
"""
import json
import os
import subprocess
import sys
import tempfile

import numpy
import pandas
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

# File, label, columns that are no features.
CLASSES = [("../wdbc", "diagnosis", ["id"]), ("BreastCancer", "Class", ["Id"]),
           ("GlaucomaM", "Class", []), ("Ionosphere", "Class", []), ("Pima.tr", "type", []),
           ("Pima.te", "type", []), ("PimaIndiansDiabetes", "diabetes", []), ("Sonar", "Class", []),
           ("cells", "class", ["case"]), ("spam", "type", []), ("thyroid", "Diagnosis", []),
           ("wpbc", "status", [])]
NUMBERS = [("Pima.te", "glu", ["type"]), ("PimaIndiansDiabetes", "glucose", ["diabetes"]),
           ("cells", "avg_inten_ch_1", ["case", "class"]), ("spam", "capitalAve", ["type"]),
           ("GlaucomaM", "vars", ["Class"]), ("thyroid", "T4", ["Diagnosis"]),
           ("wpbc", "time", ["status"])]
SETTINGS = dict(max_iter=100, max_depth=4, max_leaf_nodes=None, early_stopping=False,
                learning_rate=0.1, min_samples_leaf=20)


def ours(program, path, label, drop, split):
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "train", path, "--label", label, "--model", "trees", "--split-seed",
                   str(split), "--json", "-o", os.path.join(folder, "m.model")]
        for column in drop:
            command += ["--drop", column]
        report = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return report["validation"]


def theirs(table, label, split, classes):
    train = table.sample(frac=0.8, random_state=split)
    rest = table.drop(train.index)
    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    model = kind(**SETTINGS).fit(train.drop(columns=label).values, train[label].values)
    predicted = model.predict(rest.drop(columns=label).values)
    if classes:
        return (predicted == rest[label].values).mean()
    return numpy.sqrt(((predicted - rest[label].values) ** 2).mean())


def main():
    program, folder = sys.argv[1:3]
    splits = range(42, 42 + (int(sys.argv[3]) if len(sys.argv) > 3 else 6))
    print("| table, label | what | ours | scikit-learn | ratio |\n|---|---|---|---|---|")
    for classes, tables in ((True, CLASSES), (False, NUMBERS)):
        for name, label, drop in tables:
            path = os.path.join(folder, name + ".csv")
            if not os.path.exists(path):
                continue
            table = pandas.read_csv(path).drop(columns=drop)
            key = "accuracy" if classes else "rmse"
            a = numpy.mean([ours(program, path, label, drop, s)[key] for s in splits])
            b = numpy.mean([theirs(table, label, s, classes) for s in splits])
            print(f"| {os.path.basename(name)}, {label} | {key} | {a:.4g} | {b:.4g} "
                  f"| {a / b:.3f} |", flush=True)


main()
