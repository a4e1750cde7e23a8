# SPDX-License-Identifier: Apache-2.0
"""Trees of scikit-learn as JSON that `blindsight import` reads (docs/trees.md).

    from blindsight import trees
    trees.save(model, "forest.json", features=table.columns)

Needs scikit-learn alone. Trees and forests, extra trees, gradient boosting and histogram gradient
boosting, AdaBoost over trees and isolation forests; regression and classes. What is not a sum of
leaves is refused by name.
"""

from __future__ import annotations

import json
import math
from typing import Any

__all__ = ["save", "to_dict"]


def _name(model: Any) -> str:
    return type(model).__name__


def _tree(tree: Any, values: Any, output: Any = None) -> Any:
    """One tree of sklearn.tree: `values(i)` are the numbers of leaf i."""
    n = tree.node_count
    leaf = [int(tree.children_left[i]) == -1 for i in range(n)]
    out = {
        "left": [0 if leaf[i] else int(tree.children_left[i]) for i in range(n)],
        "right": [0 if leaf[i] else int(tree.children_right[i]) for i in range(n)],
        "feature": [0 if leaf[i] else int(tree.feature[i]) for i in range(n)],
        "edge": [0.0 if leaf[i] else float(tree.threshold[i]) for i in range(n)],
        "missing_right": [0] * n,
        "value": [values(i) if leaf[i] else None for i in range(n)],
    }
    if hasattr(tree, "missing_go_to_left"):
        out["missing_right"] = [0 if tree.missing_go_to_left[i] else 1 for i in range(n)]
    if output is not None:
        out["output"] = output
    return out


def _shares(tree: Any, i: Any, factor: float = 1.0) -> Any:
    """Shares of the classes in a leaf."""
    counts = [float(v) for v in tree.value[i][0]]
    total = sum(counts)
    return [factor * v / total for v in counts]


def _one_output(model: Any) -> Any:
    if getattr(model, "n_outputs_", 1) != 1:
        raise ValueError(f"{_name(model)} with {model.n_outputs_} targets: train one for each")


def _forest(model: Any, estimators: Any) -> Any:
    _one_output(model)
    factor = 1.0 / len(estimators)
    if hasattr(model, "classes_"):
        return {
            "outputs": "classes",
            "labels": [str(c) for c in model.classes_],
            "base": [0.0] * len(model.classes_),
            "trees": [
                _tree(e.tree_, lambda i, t=e.tree_: _shares(t, i, factor)) for e in estimators
            ],
        }
    return {
        "outputs": "values",
        "labels": ["prediction"],
        "base": [0.0],
        "trees": [
            _tree(e.tree_, lambda i, t=e.tree_: [factor * float(t.value[i][0][0])], 0)
            for e in estimators
        ],
    }


def _classes_of_sums(classes: Any, n_sums: Any) -> Any:
    """Labels, number of outputs before the sums, and what clients apply."""
    first = 1 if n_sums == 1 else 0
    return [str(c) for c in classes], first, "softmax"


def _boosting(model: Any) -> Any:
    _one_output(model)
    estimators = model.estimators_
    rate = float(model.learning_rate)
    n_sums = estimators.shape[1]
    import numpy

    start = model._raw_predict_init(numpy.zeros((1, model.n_features_in_)))[0]
    if not isinstance(model.init_, str) and type(model.init_).__name__ not in (
        "DummyClassifier",
        "DummyRegressor",
    ):
        raise ValueError("gradient boosting that starts from another model (init=...)")
    out: dict[str, Any] = {"outputs": "values", "labels": ["prediction"]}
    first = 0
    if hasattr(model, "classes_"):
        if model.loss == "exponential":
            rate, start = 2.0 * rate, 2.0 * start  # probabilities are sigmoid(2 sum)
        labels, first, end = _classes_of_sums(model.classes_, n_sums)
        out = {"outputs": "classes", "labels": labels, "end": end}
    out["base"] = [0.0] * first + [float(v) for v in start]
    out["trees"] = [
        _tree(e.tree_, lambda i, t=e.tree_: [rate * float(t.value[i][0][0])], first + k)
        for stage in estimators
        for k, e in enumerate(stage)
    ]
    return out


def _histogram(model: Any) -> Any:
    n_sums = model.n_trees_per_iteration_
    out = {"outputs": "values", "labels": ["prediction"], "floats": False}
    first = 0
    loss = getattr(model, "loss", "")
    if hasattr(model, "classes_"):
        labels, first, end = _classes_of_sums(model.classes_, n_sums)
        out.update(outputs="classes", labels=labels, end=end)
    elif loss in ("poisson", "gamma"):
        out["end"] = "exp"
    trees = []
    for stage in model._predictors:
        for k, predictor in enumerate(stage):
            nodes = predictor.nodes
            if "is_categorical" in nodes.dtype.names and nodes["is_categorical"].any():
                raise ValueError("splits on categories: one-hot encode them before training")
            leaf = [bool(v) for v in nodes["is_leaf"]]
            trees.append(
                {
                    "output": first + k,
                    "left": [0 if leaf[i] else int(v) for i, v in enumerate(nodes["left"])],
                    "right": [0 if leaf[i] else int(v) for i, v in enumerate(nodes["right"])],
                    "feature": [
                        0 if leaf[i] else int(v) for i, v in enumerate(nodes["feature_idx"])
                    ],
                    "edge": [
                        0.0 if leaf[i] else min(float(v), 1.7e308)
                        for i, v in enumerate(nodes["num_threshold"])
                    ],
                    "missing_right": [
                        0 if leaf[i] or v else 1 for i, v in enumerate(nodes["missing_go_to_left"])
                    ],
                    "value": [
                        [float(v)] if leaf[i] else None for i, v in enumerate(nodes["value"])
                    ],
                }
            )
    start = [float(v) for v in model._baseline_prediction.ravel()]
    out["base"] = [0.0] * first + start
    out["trees"] = trees
    return out


def _other_votes(model: Any, weights: Any) -> Any:
    """What a tree gives the classes it does not predict: 0, or -1/(k - 1) in newer versions."""
    import numpy

    row = numpy.zeros((1, model.n_features_in_))
    k = len(model.classes_)
    votes = numpy.zeros(k)
    for estimator, weight in zip(model.estimators_, weights):
        votes[list(model.classes_).index(estimator.predict(row)[0])] += weight / sum(weights)
    decision = numpy.ravel(model.decision_function(row))
    first = votes[1] - votes[0] if k == 2 else votes
    return 0.0 if numpy.allclose(decision, first, atol=1e-9) else -1.0 / (k - 1)


def _ada_boost(model: Any) -> Any:
    """Decisions are sums over trees; probabilities their softmax (Zhu et al. 2009)."""
    classes = [str(c) for c in model.classes_]
    k = len(classes)
    weights = [float(w) for w in model.estimator_weights_[: len(model.estimators_)]]
    real = getattr(model, "algorithm", "SAMME") == "SAMME.R"
    total = sum(weights)
    other = 0.0 if real else _other_votes(model, weights)

    def values(tree: Any, weight: Any) -> Any:
        def of(i: Any) -> Any:
            shares = _shares(tree, i)
            if real:
                logs = [math.log(max(p, 2.220446049250313e-16)) for p in shares]
                return [(v - sum(logs) / k) / len(weights) for v in logs]
            best = max(range(k), key=lambda c: float(shares[c]))
            return [weight / total * (1.0 if c == best else other) / (k - 1) for c in range(k)]

        return of

    trees = []
    for estimator, weight in zip(model.estimators_, weights):
        if not hasattr(estimator, "tree_"):
            raise ValueError(f"AdaBoost over {_name(estimator)}: only over trees")
        trees.append(_tree(estimator.tree_, values(estimator.tree_, weight)))
    return {
        "outputs": "classes",
        "labels": classes,
        "end": "softmax",
        "base": [0.0] * k,
        "trees": trees,
    }


def _mean_path(n: Any) -> Any:
    """Mean depth of a search tree of n points (Liu, Ting, Zhou 2008, equation 1)."""
    if n <= 1:
        return 0.0
    if n == 2:
        return 1.0
    return 2.0 * (math.log(n - 1.0) + 0.5772156649015329) - 2.0 * (n - 1.0) / n


def _isolation(model: Any) -> Any:
    """The anomaly score 2^(-mean depth / usual depth): -score_samples of scikit-learn."""
    factor = -math.log(2.0) / (len(model.estimators_) * _mean_path(model.max_samples_))
    trees = []
    for estimator, columns in zip(model.estimators_, model.estimators_features_):
        tree = estimator.tree_
        depth = [0] * tree.node_count
        for i in range(tree.node_count):
            for child in (tree.children_left[i], tree.children_right[i]):
                if child != -1:
                    depth[child] = depth[i] + 1
        one = _tree(
            tree,
            lambda i, t=tree, d=depth: [factor * (d[i] + _mean_path(int(t.n_node_samples[i])))],
            0,
        )
        one["feature"] = [int(columns[f]) for f in one["feature"]]
        trees.append(one)
    return {"outputs": "values", "labels": ["anomaly"], "end": "exp", "base": [0.0], "trees": trees}


def to_dict(model: Any, features: Any = None) -> dict[str, Any]:
    """The JSON of a fitted model, as a dictionary; ValueError says what cannot be had."""
    kind = _name(model)
    if kind.startswith("HistGradientBoosting"):
        out: dict[str, Any] = _histogram(model)
    elif kind.startswith("GradientBoosting"):
        out = _boosting(model)
    elif kind.startswith(("RandomForest", "ExtraTrees")):
        out = _forest(model, model.estimators_)
    elif kind.startswith(("DecisionTree", "ExtraTree")):
        out = _forest(model, [model])
    elif kind == "AdaBoostClassifier":
        out = _ada_boost(model)
    elif kind == "IsolationForest":
        out = _isolation(model)
    else:
        raise ValueError(f"{kind} is no ensemble of trees that is known here")
    if features is None:
        features = getattr(model, "feature_names_in_", None)
    if features is None:
        features = [f"x{i}" for i in range(model.n_features_in_)]
    out["features"] = [str(f) for f in features]
    out.setdefault("floats", True)
    # What scikit-learn would refuse has no way through its trees.
    out["missing"] = "routed" if kind.startswith("HistGradientBoosting") else "refuse"
    return out


def save(model: Any, path: Any, features: Any = None) -> None:
    """Writes the JSON of a fitted model."""
    text = json.dumps(to_dict(model, features))
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
