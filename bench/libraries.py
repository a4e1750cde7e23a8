#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Encrypted predictions beside scikit-learn's own, on tables (docs/tables.md).

    bench/libraries.py BUILD TABLES [NAME...]

On each table histogram boosting, a forest and a logistic regression (missing values imputed, scaled)
are trained on 70 of 100 rows, written by python/blindsight/pipelines.py, imported, compiled, and asked
on ciphertexts for rows of the others: twenty one by one, and a hundred in a batch. Each is held against
what scikit-learn predicts: labels, and the largest difference of a probability. TABLES is a folder
of CSV files. Ends with status 1 where a label differs that is no tie, or outputs by more than 1e-3.
"""
import importlib
import io
import json
import os
import subprocess
import sys
import tempfile
import types
import warnings

import numpy
import pandas
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

# The package loads the library, which training elsewhere does not need.
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
package = sys.modules["blindsight"] = types.ModuleType("blindsight")
package.__path__ = [os.path.join(ROOT, "python", "blindsight")]
pipelines = importlib.import_module("blindsight.pipelines")

TABLES = [("../wdbc", "diagnosis", ["id"]), ("BreastCancer", "Class", ["Id"]),
          ("GlaucomaM", "Class", []), ("Ionosphere", "Class", []), ("Pima.tr", "type", []),
          ("Pima.te", "type", []), ("PimaIndiansDiabetes", "diabetes", []), ("Sonar", "Class", []),
          ("cells", "class", ["case"]), ("spam", "type", []), ("thyroid", "Diagnosis", []),
          ("wpbc", "status", [])]
TIE = 2e-3  # of two probabilities: which is larger is no one's to say
LIMIT = 1e-3


def models(train):
    complete = not train.isna().any().any()
    yield "boosting", HistGradientBoostingClassifier(max_iter=50, max_depth=4, early_stopping=False)
    forest = RandomForestClassifier(50, max_depth=5, random_state=1)
    yield "forest", forest if complete else make_pipeline(SimpleImputer(), forest)
    yield "regression", make_pipeline(SimpleImputer(), StandardScaler(),
                                      LogisticRegression(max_iter=2000))


def run(program, *arguments):
    done = subprocess.run([os.path.join(BUILD, program), *arguments], capture_output=True, text=True)
    if done.returncode not in (0, 3):  # 3: rows refused, and said
        raise SystemExit(f"{program} {' '.join(arguments)}: {done.stderr}")
    return done.stdout


def ask(packing, rows, n):
    """Predictions of the rows under encryption, milliseconds, bytes there and back."""
    run("blindsight", "encrypt", "m.client", rows, "--key", "m.key", "--packing", packing, "-o",
        "sample", "--rows", f"0-{n - 1}")
    said = json.loads(run("blindsight-infer", "m.server", "sample", "--keys", "m.keys", "-o",
                          "result", "--json"))
    out = run("blindsight", "decrypt", "m.client", "result", "--key", "m.key", "--csv", "--outputs")
    return (pandas.read_csv(io.StringIO(out), dtype={"predicted": str}), said["evaluate_ms"],
            os.path.getsize("sample"), os.path.getsize("result"))


def compare(out, model, rest):
    """Labels that differ and are no tie, ties, and the largest difference."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = model.predict_proba(rest)[out["row"].values]
    labels = numpy.array([str(c) for c in model.classes_])
    have = out[list(labels)].values
    first = numpy.sort(wanted, axis=1)[:, ::-1]
    tie = first[:, 0] - first[:, 1] < TIE
    differs = labels[wanted.argmax(axis=1)] != out["predicted"].values
    return int((differs & ~tie).sum()), int((differs & tie).sum()), float(abs(have - wanted).max())


def one(name, kind, model, rest):
    edges = [] if kind == "regression" else ["--edges", "exact"]
    run("blindsight", "import", "m.json", *edges, "-o", "m.model")
    calibrate = ["--calibrate", "train.csv"] if kind == "regression" else []
    plan = json.loads(run("blindsight", "compile", "m.model", "-o", "m", "--json", *calibrate))
    run("blindsight", "keygen", "m.client", "-o", "m", "--force")
    cells, bad = [], 0
    packings = list(plan["packings"])
    for packing, most in (("latency", 20), ("throughput", 100)):
        if packing not in packings:
            cells.append("- | - | - | -")
            continue
        n = min(most, len(rest))
        out, ms, there, back = ask(packing, "rest.csv", n)
        flips, ties, off = compare(out, model, rest)
        bad += flips > 0 or off > LIMIT
        each = ms / n if packing == "latency" else ms
        cells.append(f"{len(out)}: {flips}{f' (+{ties} ties)' if ties else ''} | {off:.1e} | "
                     f"{each:.1f} | {there / (n if packing == 'latency' else 1) / 1e3:.0f} kB, "
                     f"{back / (n if packing == 'latency' else 1) / 1e3:.0f} kB")
    keys = os.path.getsize("m.keys") / 1e6
    print(f"| {os.path.basename(name)} | {kind} | {' | '.join(cells)} | {keys:.1f} MB |", flush=True)
    return bad


def main():
    bad = 0
    print("| table | model | one by one: flips | off by | ms a row | bytes a row, result | batch: flips "
          "| off by | ms in all | bytes, result | keys |\n|---|---|---|---|---|---|---|---|---|---|---|")
    for name, label, drop in TABLES:
        if NAMES and os.path.basename(name) not in NAMES:
            continue
        table = pandas.read_csv(os.path.join(FOLDER, name + ".csv")).drop(columns=drop)
        train = table.sample(frac=0.7, random_state=1)
        rest = table.drop(train.index).drop(columns=label)
        rest.to_csv("rest.csv", index=False)
        x = train.drop(columns=label)
        x.to_csv("train.csv", index=False)
        for kind, model in models(x):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit(x, train[label])
                pipelines.save(model, "m.json", rows=x)
            bad += one(name, kind, model, rest)
    return 1 if bad else 0


BUILD, FOLDER, NAMES = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3:]
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    status = main()
sys.exit(status)
