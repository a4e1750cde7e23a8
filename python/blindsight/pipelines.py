# SPDX-License-Identifier: Apache-2.0
"""Pipelines of scikit-learn as JSON that `blindsight import` reads (docs/trees.md, "Pipelines").

    from blindsight import pipelines
    pipelines.save(pipeline, "model.json", rows=table)

Scalers, imputers and encoders, by themselves or in a ColumnTransformer, before trees, linear models
or multi-layer perceptrons; such models alone, too. `rows` are raw rows (a DataFrame or an array):
activations of a perceptron become polynomials there. Needs scikit-learn. What clients cannot
compute exactly as the pipeline does is refused by name.
"""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy

from . import trees

__all__ = ["save", "to_dict"]

_TREES = ("HistGradientBoosting", "GradientBoosting", "RandomForest", "ExtraTree", "DecisionTree",
          "AdaBoost", "IsolationForest")
_OTHER = "(other)"


def _name(model: Any) -> Any:
    return type(model).__name__


class _Number:
    """A column that is a function of one number: steps that never fall, and a fill."""

    def __init__(self, feature: Any, steps: Any = (), fill: Any = None) -> None:
        self.feature, self.steps, self.fill = feature, tuple(steps), fill

    def then(self, step: Any) -> Any:
        return _Number(self.feature, self.steps + (step,), self.fill)

    def at(self, x: Any) -> Any:
        x = numpy.asarray(x, dtype=float)
        for step in self.steps:
            x = step(x)
        return x


class _Category:
    """A column that has a value for each category, one for others and one for missing ones."""

    def __init__(self, feature: Any, values: Any, other: Any, missing: Any) -> None:
        self.feature, self.values, self.other, self.missing = feature, values, other, missing

    def then(self, step: Any) -> Any:
        def one(v: Any) -> Any:
            return None if v is None else float(step(numpy.array([v]))[0])

        return _Category(self.feature, step(numpy.asarray(self.values, dtype=float)),
                         one(self.other), one(self.missing))


# ------------------------------------------------------------------------------ steps


def _scaler_steps(step: Any) -> Any:
    """What a scaler does to each column, in its own order of operations."""
    kind = _name(step)
    n = step.n_features_in_

    def pick(values: Any, j: Any, default: Any) -> Any:
        return default if values is None else float(values[j])

    if kind == "StandardScaler":
        mean = step.mean_ if step.with_mean else None
        scale = step.scale_ if step.with_std else None
        return [lambda x, a=pick(mean, j, 0.0), b=pick(scale, j, 1.0): (x - a) / b
                for j in range(n)]
    if kind == "RobustScaler":
        centre = step.center_ if step.with_centering else None
        scale = step.scale_ if step.with_scaling else None
        return [lambda x, a=pick(centre, j, 0.0), b=pick(scale, j, 1.0): (x - a) / b
                for j in range(n)]
    if kind == "MaxAbsScaler":
        return [lambda x, b=float(step.scale_[j]): x / b for j in range(n)]
    low, high = step.feature_range
    if step.clip:
        return [lambda x, a=float(step.scale_[j]), b=float(step.min_[j]):
                numpy.clip(x * a + b, low, high) for j in range(n)]
    return [lambda x, a=float(step.scale_[j]), b=float(step.min_[j]): x * a + b for j in range(n)]


def _is_missing(v: Any) -> Any:
    return v is None or (isinstance(v, float) and v != v)


def _impute(step: Any, columns: Any) -> Any:
    if getattr(step, "add_indicator", False):
        raise ValueError("SimpleImputer(add_indicator=True): the indicator is no step that is known")
    if not (isinstance(step.missing_values, float) and step.missing_values != step.missing_values):
        raise ValueError(f"SimpleImputer(missing_values={step.missing_values!r}): only NaN is missing")
    if len(step.statistics_) != len(columns) or any(_is_missing(v) for v in step.statistics_):
        raise ValueError("SimpleImputer: a column without any value")
    out = []
    for column, value in zip(columns, step.statistics_):
        if isinstance(column, _Category):
            if column.missing is None or _is_missing(float(column.missing)):
                column = _Category(column.feature, column.values, column.other, float(value))
        elif column.steps and column.fill is None:
            raise ValueError("SimpleImputer behind a scaler: put it before")
        elif column.fill is None:
            column = _Number(column.feature, (), value)
        out.append(column)
    return out


def _text(v: Any) -> Any:
    """A category's name: as a table would hold it."""
    if isinstance(v, (bool, numpy.bool_)):
        return str(bool(v))
    if isinstance(v, (float, numpy.floating)) and float(v).is_integer():
        return str(int(v))
    return str(v)


def _encode(step: Any, columns: Any, known: Any) -> Any:
    """One-hot and ordinal encoders: what they make of each category is tried."""
    n = len(columns)
    if any(isinstance(c, _Category) or c.steps for c in columns):
        raise ValueError(f"{_name(step)} behind a scaler or an encoder")
    first = numpy.array([[c[0] for c in step.categories_]], dtype=object)

    def tried(j: Any, values: Any) -> Any:
        rows = numpy.repeat(first, len(values), axis=0)
        rows[:, j] = values
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            out = step.transform(rows)
        return numpy.asarray(out.todense() if hasattr(out, "todense") else out, dtype=float)

    lenient = step.handle_unknown != "error"
    base = tried(0, [first[0, 0]])[0]
    made: Any = [None] * len(base)
    for j, column in enumerate(columns):
        values = [v for v in step.categories_[j] if not _is_missing(v)]
        names = [_text(v) for v in values]
        missing = [v for v in step.categories_[j] if _is_missing(v)]
        if known.setdefault(column.feature, (names, lenient)) != (names, lenient):
            raise ValueError(f"two encoders know different categories of column {column.feature}")
        table = tried(j, values)
        numeric = not isinstance(values[0], str)
        other = tried(j, [-1.2345e300 if numeric else "\x01none"])[0] if lenient else None
        gone = None
        if column.fill is not None:
            gone = tried(j, [column.fill])[0]
        elif missing:
            gone = tried(j, missing[:1])[0]
        rows = [table] + [r[None] for r in (other, gone) if r is not None]
        for c in range(len(base)):
            if numpy.all(numpy.vstack(rows)[:, c] == base[c]) and not (
                    made[c] is None and j == n - 1):
                continue
            made[c] = _Category(column.feature, table[:, c],
                                None if other is None else float(other[c]),
                                None if gone is None else float(gone[c]))
    return made


def _apply(step: Any, columns: Any, known: Any, names: Any) -> Any:
    """The columns behind a fitted transformer; `names` are those of the raw table."""
    kind = _name(step)
    if step is None or (isinstance(step, str) and step == "passthrough"):
        return columns
    if kind == "Pipeline":
        for _, one in step.steps:
            columns = _apply(one, columns, known, names)
        return columns
    if kind == "ColumnTransformer":
        out = []
        for _, one, which in step.transformers_:
            if not (isinstance(one, str) and one == "drop"):
                out += _apply(one, [columns[i] for i in _places(which, names, len(columns))],
                              known, names)
        return out
    if kind in ("StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler"):
        return [c.then(s) for c, s in zip(columns, _scaler_steps(step))]
    if kind == "SimpleImputer":
        return _impute(step, columns)
    if kind in ("OneHotEncoder", "OrdinalEncoder"):
        return _encode(step, columns, known)
    if kind == "FunctionTransformer" and step.func is None:
        return columns
    raise ValueError(f"{kind}: scalers, SimpleImputer, OneHotEncoder and OrdinalEncoder are known "
                     "here, what mixes columns is not; save the model behind it by itself")


def _places(which: Any, names: Any, n: Any) -> Any:
    """Columns as a ColumnTransformer names them: texts, numbers, a slice or a mask."""
    if isinstance(which, slice):
        if isinstance(which.start, str) or isinstance(which.stop, str):
            raise ValueError("a slice of column names: write the names as a list")
        return list(range(n))[which]
    which = [which] if isinstance(which, (str, int)) else list(which)
    if which and isinstance(which[0], (bool, numpy.bool_)):
        return [i for i, w in enumerate(which) if w]
    return [names.index(w) if isinstance(w, str) else range(n)[int(w)] for w in which]


# ----------------------------------------------------------------------------- features


def _split(model: Any, features: Any, rows: Any) -> Any:
    """Columns that the final model reads, the model, feature names, categories by feature."""
    steps = [s for _, s in model.steps] if _name(model) == "Pipeline" else [model]
    names = getattr(model, "feature_names_in_", None)
    if names is None and hasattr(rows, "columns"):
        names = list(rows.columns)
    raw = [str(f) for f in names] if names is not None else None
    n = len(raw) if raw is not None else model.n_features_in_
    if raw is None:
        raw = [f"x{i}" for i in range(n)]
    known: Any = {}
    columns = [_Number(f) for f in range(n)]
    for step in steps[:-1]:
        columns = _apply(step, columns, known, raw)
    for f in {c.feature for c in columns if isinstance(c, _Number)}:
        if f in known:
            raise ValueError(f"column \"{raw[f]}\" is read as a number and as categories")
    return columns, steps[-1], list(features) if features is not None else raw, known


def _encoding(names: Any, known: Any, columns: Any) -> Any:
    """Of each feature: its categories and whether a missing one has a way."""
    out: Any = []
    for f in range(len(names)):
        if f not in known:
            out.append({})
            continue
        texts, lenient = known[f]
        own = [c for c in columns if c.feature == f]
        one = {"categories": texts + ([_OTHER] if lenient else [])}
        if own and all(c.missing is not None for c in own):
            one["missing"] = True
        out.append(one)
    return out


def _check_missing(columns: Any, names: Any, refuses: Any) -> Any:
    """"routed" or "refuse"; a row that the library refuses must not find a way."""
    numbers = [c for c in columns if isinstance(c, _Number)]
    if not refuses:
        return "routed"
    filled = [c for c in numbers if c.fill is not None]
    open_ones = sorted({names[c.feature] for c in numbers if c.fill is None})
    encoded = any(isinstance(c, _Category) and c.missing is not None for c in columns)
    if open_ones and (filled or encoded):
        raise ValueError("missing values are imputed in some columns and not in "
                         f"{', '.join(open_ones)}: impute these, too")
    return "refuse" if open_ones else "routed"


# -------------------------------------------------------------------------------- trees


def _edges(column: Any, thresholds: Any, floats: Any) -> Any:
    """For each threshold the largest double that the column does not carry above it."""
    def places(x: Any) -> Any:
        bits = numpy.asarray(x, dtype=float).view(numpy.int64)
        return numpy.where(bits >= 0, bits, numpy.int64(-2**63) - bits)

    def doubles(p: Any) -> Any:
        return numpy.where(p >= 0, p, numpy.int64(-2**63) - p).view(float)

    def above(x: Any) -> Any:
        with numpy.errstate(all="ignore"):
            y = column.at(x)
            return (y.astype(numpy.float32) if floats else y) > thresholds

    low = places(numpy.full(len(thresholds), -1.7e308))
    high = places(numpy.full(len(thresholds), 1.7e308))
    never, always = ~above(doubles(high)), above(doubles(low))
    while True:
        middle = (low & high) + ((low ^ high) >> 1)
        if not numpy.any(middle > low):
            break
        up = above(doubles(middle))
        high, low = numpy.where(up, middle, high), numpy.where(up, low, middle)
    return [None if n else -numpy.inf if a else float(x)
            for x, n, a in zip(doubles(low), never, always)]


def _number_splits(tree: Any, nodes: Any, column: Any, floats: Any) -> None:
    thresholds = numpy.array([tree["edge"][i] for i in nodes])
    goes = None
    if column.fill is not None:
        y = column.at([column.fill])[0]
        goes = (numpy.float32(y) if floats else y) > thresholds
    for k, (i, edge) in enumerate(zip(nodes, _edges(column, thresholds, floats))):
        if edge is not None and edge == -numpy.inf:  # always above: the other way round, never
            tree["left"][i], tree["right"][i] = tree["right"][i], tree["left"][i]
            tree["missing_right"][i] = 1 - tree["missing_right"][i]
            goes_k = None if goes is None else not goes[k]
            edge = None
        else:
            goes_k = None if goes is None else goes[k]
        tree["edge"][i] = edge if edge is not None else []
        tree["feature"][i] = column.feature
        if goes_k is not None:
            tree["missing_right"][i] = int(goes_k)


def _category_splits(tree: Any, nodes: Any, column: Any, floats: Any) -> None:
    values: Any = numpy.array(
        list(column.values) + ([column.other] if column.other is not None else []))
    if floats:
        values = values.astype(numpy.float32)
    for i in nodes:
        edge = tree["edge"][i]
        tree["edge"][i] = [int(k) for k in numpy.flatnonzero(values > edge)]
        tree["feature"][i] = column.feature
        if column.missing is not None and column.missing == column.missing:
            v = numpy.float32(column.missing) if floats else column.missing
            tree["missing_right"][i] = int(v > edge)


def _save_trees(columns: Any, model: Any, names: Any, known: Any) -> Any:
    out = trees.to_dict(model)
    floats = out.pop("floats", True)
    for tree in out["trees"]:
        by_column: Any = {}
        for i, value in enumerate(tree["value"]):
            if value is None:
                by_column.setdefault(tree["feature"][i], []).append(i)
        for c, nodes in by_column.items():
            split = _number_splits if isinstance(columns[c], _Number) else _category_splits
            split(tree, nodes, columns[c], floats)
    out["features"] = names
    out["floats"] = False
    out["encoding"] = _encoding(names, known, columns)
    out["missing"] = _check_missing(columns, names, out["missing"] == "refuse")
    return out


# ------------------------------------------------------------------- linear and networks


def _ends(model: Any, columns: Any) -> Any:
    """Layers as (W, b, activation), and what outputs are."""
    kind = _name(model)
    if kind.startswith("MLP"):
        layers = [(numpy.array(w).T, numpy.array(b), model.activation)
                  for w, b in zip(model.coefs_, model.intercepts_)]
        layers[-1] = layers[-1][:2] + ("identity",)
        end = {"softmax": "softmax", "logistic": "sigmoid"}.get(model.out_activation_, "none")
    elif hasattr(model, "coef_"):
        w = numpy.atleast_2d(numpy.array(model.coef_, dtype=float))
        layers = [(w, numpy.broadcast_to(numpy.atleast_1d(model.intercept_), (len(w),)).copy(),
                   "identity")]
        end = "none"
    else:
        raise ValueError(f"{kind} is no model that is known here: trees, linear models and "
                         "multi-layer perceptrons are")
    if not hasattr(model, "classes_"):
        if hasattr(model, "_get_loss") and kind != "TweedieRegressor":
            end = "exp"
        elif hasattr(model, "_get_loss"):
            raise ValueError("TweedieRegressor: Poisson and Gamma regression are known here")
        n = len(layers[-1][1])
        return layers, "values", end, ["prediction"] if n == 1 else [f"y{k}" for k in range(n)]
    if isinstance(model.classes_, list) or getattr(model, "multilabel_", False) or (
            end == "sigmoid" and len(layers[-1][1]) > 1):
        raise ValueError(f"{kind} of several labels at once: train one for each")
    labels = [_text(c) for c in model.classes_]
    w, b, activation = layers[-1]
    binary = len(b) == 1
    probable = hasattr(model, "predict_proba")
    if binary:  # scores 0 and z: their softmax is the sigmoid of z
        layers[-1] = (numpy.vstack([numpy.zeros_like(w), w]), numpy.array([0.0, b[0]]), activation)
    end = "softmax" if probable and (binary or end == "softmax") else "none"
    if probable and not kind.startswith("MLP"):
        end = _which_end(model, layers)
    return layers, "classes", end, labels


def _which_end(model: Any, layers: Any) -> Any:
    """What the library makes of scores, by trying: softmax, or sigmoids over their sum."""
    rows = numpy.random.RandomState(0).normal(size=(20, layers[0][0].shape[1]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = model.predict_proba(rows)
    z = rows @ layers[-1][0].T + layers[-1][1]
    e = numpy.exp(z - z.max(axis=1, keepdims=True))
    s = 1.0 / (1.0 + numpy.exp(-z))
    for name, have in (("softmax", e), ("one-vs-rest", s)):
        if numpy.allclose(have / have.sum(axis=1, keepdims=True), wanted, atol=1e-9):
            return name
    raise ValueError(f"{_name(model)}: its probabilities are neither a softmax nor sigmoids")


def _affine(column: Any) -> Any:
    """f(x) = f(m) + slope (x - m)."""
    m = 0.0 if column.fill is None else float(column.fill)
    at = column.at(numpy.array([m, m + 1.0, m - 3.0, m + 1000.0]))
    slope = at[1] - at[0]
    if not numpy.allclose(at[2:], at[0] + slope * numpy.array([-3.0, 1000.0]), rtol=1e-9,
                          atol=1e-9 * (1 + abs(at[0]))):
        raise ValueError("a scaler that clips before a model that is no tree")
    # The slope from far apart keeps its digits where the offset is large.
    return m, (column.at(numpy.array([m + 2.0**20]))[0] - at[0]) / 2.0**20, at[0]


def _inputs(columns: Any, names: Any, known: Any, encoding: Any) -> Any:
    """Columns as M inputs + constant, and the scaler of each feature."""
    mean, deviation = [0.0] * len(names), [1.0] * len(names)
    width = [len(e["categories"]) + bool(e.get("missing")) if e else 1 for e in encoding]
    first = numpy.concatenate([[0], numpy.cumsum(width)]).astype(int)
    M, constant = numpy.zeros((len(columns), first[-1])), numpy.zeros(len(columns))
    seen = set()
    for c, column in enumerate(columns):
        f = column.feature
        if isinstance(column, _Number):
            m, slope, at = _affine(column)
            if f not in seen:
                mean[f] = m
                if column.fill is None and slope != 0.0:
                    mean[f] = -at / slope if abs(at / slope) < 1e12 else 0.0
                deviation[f] = 1.0 / abs(slope) if slope != 0.0 else 1.0
                seen.add(f)
            elif column.fill is not None and float(column.fill) != mean[f]:
                raise ValueError(f"column \"{names[f]}\" is imputed in two ways")
            M[c, first[f]] = slope * deviation[f]
            constant[c] = at + slope * (mean[f] - m)
            continue
        values = list(column.values) + ([column.other] if known[f][1] else [])
        if encoding[f].get("missing"):
            values.append(column.missing)
        M[c, first[f]:first[f + 1]] = values
    return M, constant, mean, deviation


_CHEBYSHEV: Any = numpy.polynomial.chebyshev
_ACTIVATIONS: Any = {
    "relu": lambda x: numpy.maximum(x, 0.0),
    "tanh": numpy.tanh,
    "logistic": lambda x: 1.0 / (1.0 + numpy.exp(-x)),
    "identity": lambda x: x,
}


def _run(layers: Any, x: Any, polynomials: Any = None) -> Any:
    for k, (w, b, activation) in enumerate(layers):
        x = x @ w.T + b
        if polynomials is not None and activation != "identity":
            reach, coefficients = polynomials[k]
            x = _CHEBYSHEV.chebval(x / reach, coefficients)
        else:
            x = _ACTIVATIONS[activation](x)
    return x


def _fit(layers: Any, x: Any, degree: Any) -> Any:
    """A polynomial for each activation, where rows lead and a quarter beyond."""
    polynomials: Any = {}
    for k, (w, b, activation) in enumerate(layers):
        s = _run(layers[:k], x, polynomials) @ w.T + b
        if activation == "identity":
            continue
        reach = 1.25 * float(numpy.abs(s).max()) or 1.0
        at = numpy.concatenate([s.ravel()[:20000] / reach, numpy.cos(numpy.linspace(0, numpy.pi, 400))])
        weight = numpy.concatenate([numpy.full(at.size - 400, 1.0 / (at.size - 400)),
                                    numpy.full(400, 0.1 / 400)])
        polynomials[k] = (reach, _CHEBYSHEV.chebfit(at, _ACTIVATIONS[activation](at * reach), degree,
                                                   w=numpy.sqrt(weight)))
    return polynomials


def _polynomials(layers: Any, x: Any, error: Any) -> Any:
    if all(activation == "identity" for _, _, activation in layers):
        return {}, 0.0
    if x is None:
        raise ValueError("activations become polynomials where rows lead them: save(..., rows=table)")
    wanted = _run(layers, x)
    span = float(wanted.max() - wanted.min()) or 1.0
    for degree in (3, 5, 7, 9, 11, 15, 21, 27, 31, 45, 63):
        polynomials = _fit(layers, x, degree)
        off = float(numpy.abs(_run(layers, x, polynomials) - wanted).max()) / span
        if off <= error:
            return polynomials, off * span
    raise ValueError(f"polynomials of degree 63 are off by {off:.2g} of the outputs' range, where "
                     f"{error} is asked (error=...); smaller weights (alpha) or tanh would help")


def _layer(w: Any, b: Any, polynomial: Any) -> Any:
    out = {"weight": w.tolist(), "bias": b.tolist(), "activation": "identity"}
    if polynomial is not None:
        reach, coefficients = polynomial
        out["weight"], out["bias"] = (w / reach).tolist(), (b / reach).tolist()
        out["activation"] = {"chebyshev": [float(c) for c in coefficients]}
        out["max_abs"] = 0.8  # a quarter of the reach is beyond the rows
    return out


def _save_layers(columns: Any, model: Any, names: Any, known: Any, pre: Any, rows: Any, error: Any) -> Any:
    layers, kind, end, labels = _ends(model, columns)
    encoding = _encoding(names, known, columns)
    M, constant, mean, deviation = _inputs(columns, names, known, encoding)
    x = None if rows is None else numpy.asarray(_transform(pre, rows), dtype=float)
    polynomials, off = _polynomials(layers, x, error)
    w, b, activation = layers[0]
    layers[0] = (w @ M, b + w @ constant, activation)
    out = {"name": _name(model).lower()[:60], "features": names, "labels": labels,
           "scaler": {"mean": mean, "deviation": deviation},
           "outputs": {"kind": kind, "end": end,
                       "missing": {"routed": "mean"}.get(_check_missing(columns, names, True),
                                                         "refuse")},
           "layers": [_layer(w, b, polynomials.get(k)) for k, (w, b, _) in enumerate(layers)]}
    if known:
        out["encoding"] = encoding
    if off > 0.0:
        out["fitted_error"] = off
    return out


def _transform(steps: Any, rows: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for step in steps:
            if not (step is None or isinstance(step, str)):
                rows = step.transform(rows)
    return rows.todense() if hasattr(rows, "todense") else rows


def to_dict(model: Any, features: Any = None, rows: Any = None, error: float = 0.02) -> Any:
    """The JSON of a fitted model or pipeline, as a dictionary; ValueError says what cannot be had.

    `features` are names where the model has none; `error`: of outputs, of their range on `rows`,
    that polynomials in place of a perceptron's activations may make."""
    columns, last, names, known = _split(model, features, rows)
    if _name(last).startswith(_TREES):
        return _save_trees(columns, last, names, known)
    pre = [s for _, s in model.steps[:-1]] if _name(model) == "Pipeline" else []
    return _save_layers(columns, last, names, known, pre, rows, error)


def save(model: Any, path: Any, features: Any = None, rows: Any = None,
         error: float = 0.02) -> None:
    """Writes the JSON of a fitted model or pipeline."""
    text = json.dumps(to_dict(model, features, rows, error))
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
