#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes pipeline_NAME.onnx and pipeline_NAME.in here: trees behind scalers and encoders, and every
mode, function and post-transform of both operators. onnx_rows.mjs adds the outputs of a runtime.

Needs python3-onnx and python3-sklearn.
"""
import pathlib

import numpy
from onnx import TensorProto, helper, numpy_helper
from sklearn.ensemble import GradientBoostingClassifier, RandomForestRegressor

HERE = pathlib.Path(__file__).parent
ML = "ai.onnx.ml"
R = numpy.random.RandomState(12)
F, I, S = TensorProto.FLOAT, TensorProto.INT64, TensorProto.STRING


def node(op, ins, outs, ml=True, **attributes):
    return helper.make_node(op, ins, outs, domain=ML if ml else "", name=outs[0], **attributes)


def save(name, nodes, ports, given=(), rows=(), version=3, real=F):
    inputs = [helper.make_tensor_value_info(n, t, [None, w]) for n, t, w in ports]
    outs = [helper.make_tensor_value_info("scores", real, [None, None])]
    graph = helper.make_graph(nodes, name, inputs, outs, list(given))
    file = helper.make_model(graph, ir_version=9, opset_imports=[
        helper.make_opsetid("", 17), helper.make_opsetid(ML, version)])
    (HERE / f"pipeline_{name}.onnx").write_bytes(file.SerializeToString())
    lines = [",".join(f"={v}" if isinstance(v, str) else repr(float(v)) for v in row)
             for row in rows]
    (HERE / f"pipeline_{name}.in").write_text("\n".join(lines) + "\n")


def trees_of(estimators, prefix, output, scale):
    """Attributes of ai.onnx.ml 3 from scikit-learn's trees; output(t) of tree t, None: all."""
    a = {}

    def put(key, value):
        a.setdefault(key, []).append(value)

    for t, estimator in enumerate(estimators):
        tree = estimator.tree_
        for i in range(tree.node_count):
            leaf = tree.children_left[i] == -1
            put("nodes_treeids", t)
            put("nodes_nodeids", i)
            put("nodes_modes", "LEAF" if leaf else "BRANCH_LEQ")
            put("nodes_featureids", 0 if leaf else int(tree.feature[i]))
            put("nodes_values", 0.0 if leaf else float(numpy.float32(tree.threshold[i])))
            put("nodes_truenodeids", 0 if leaf else int(tree.children_left[i]))
            put("nodes_falsenodeids", 0 if leaf else int(tree.children_right[i]))
            for k in range(len(tree.value[i])) if leaf else ():
                put(prefix + "_treeids", t)
                put(prefix + "_nodeids", i)
                put(prefix + "_ids", k if output(t) is None else output(t))
                put(prefix + "_weights", scale * float(tree.value[i][k][0]))
    return a


def mixed():
    """Four inputs: numbers imputed and scaled, a city one-hot, a grade as its rank."""
    n = 400
    age, income = R.normal(40, 12, n), R.lognormal(10, 1, n)
    cities, grades = ["Bern", "Oslo", "Rome", "Lima"], ["low", "mid", "high"]
    city, grade = R.randint(4, size=n), R.randint(3, size=n)
    mean, deviation = numpy.array([40.0, 30000.0]), numpy.array([12.0, 25000.0])
    numbers = (numpy.stack([age, income], 1) - mean) / deviation
    x = numpy.hstack([numbers, numpy.eye(4)[city], grade[:, None]]).astype(numpy.float32)
    y = (numbers[:, 0] + (city == 2) + 0.7 * grade + R.normal(0, 0.3, n) > 1.0).astype(int)
    model = GradientBoostingClassifier(n_estimators=12, max_depth=3, random_state=1).fit(x, y)
    a = trees_of(model.estimators_[:, 0], "class", lambda t: 0, 0.1)
    nodes = [
        node("Concat", ["age", "income"], ["numbers"], ml=False, axis=1),
        node("Imputer", ["numbers"], ["whole"], imputed_value_floats=[38.5, 20000.0],
             replaced_value_float=float("nan")),
        node("Scaler", ["whole"], ["scaled"], offset=list(mean), scale=list(1.0 / deviation)),
        node("OneHotEncoder", ["city"], ["cities"], cats_strings=cities, zeros=1),
        node("Reshape", ["cities", "shape"], ["flat"], ml=False),
        node("LabelEncoder", ["grade"], ["rank"], keys_strings=grades, values_int64s=[0, 1, 2],
             default_int64=-1),
        node("Cast", ["rank"], ["ranks"], ml=False, to=F),
        node("Concat", ["scaled", "flat", "ranks"], ["columns"], ml=False, axis=1),
        node("TreeEnsembleClassifier", ["columns"], ["label", "scores"],
             post_transform="LOGISTIC", classlabels_strings=["no", "yes"], **a)]
    shape = numpy_helper.from_array(numpy.array([-1, 4], dtype=numpy.int64), "shape")
    rows = [[R.normal(40, 15) if R.rand() < 0.9 else numpy.nan,
             R.lognormal(10, 1) if R.rand() < 0.9 else numpy.nan,
             (cities + ["Cork"])[R.randint(5)], (grades + ["poor"])[R.randint(4)]]
            for _ in range(200)]
    # Rows on the way to both sides of each threshold: what rounding decides.
    for t in sorted(set(a["nodes_values"])):
        for k in (0, 1):
            x = numpy.float32(t) * numpy.float32(deviation[k]) + numpy.float32(mean[k])
            for step in range(-2, 3):
                row = [35.0, 9000.0, "Rome", "mid"]
                row[k] = float(x) * (1 + step * 6e-8)
                rows.append(row)
    save("mixed", nodes, [("age", F, 1), ("income", F, 1), ("city", S, 1), ("grade", S, 1)],
         [shape], rows)


def codes():
    """One input: a code that must be known, numbers that are turned round; two targets."""
    n = 400
    x = numpy.stack([R.randint(5, size=n) * 10.0, R.normal(size=n), R.normal(size=n)], 1)
    turned = (x[:, 1:] - [0.25, 0.5]) * [-2.0, 3.0]
    seen = numpy.hstack([x[:, :1] == 10.0 * numpy.arange(5), turned]).astype(numpy.float32)
    y = numpy.stack([x[:, 1] + (x[:, 0] == 20), x[:, 2] * (x[:, 0] > 20)], 1)
    model = RandomForestRegressor(8, max_depth=4, random_state=2).fit(seen, y)
    a = trees_of(model.estimators_, "target", lambda t: None, 1.0)
    nodes = [
        node("ArrayFeatureExtractor", ["X", "first"], ["code"]),
        node("OneHotEncoder", ["code"], ["codes"], cats_int64s=[0, 10, 20, 30, 40], zeros=0),
        node("Flatten", ["codes"], ["flat"], ml=False, axis=1),
        node("Gather", ["X", "others"], ["rest"], ml=False, axis=1),
        node("Sub", ["rest", "offset"], ["moved"], ml=False),
        node("Mul", ["moved", "scale"], ["turned"], ml=False),
        node("Clip", ["turned", "low", "high"], ["clipped"], ml=False),
        node("Concat", ["flat", "clipped"], ["columns"], ml=False, axis=-1),
        node("TreeEnsembleRegressor", ["columns"], ["scores"], n_targets=2,
             aggregate_function="AVERAGE", **a)]
    f32 = numpy.float32
    given = [numpy_helper.from_array(numpy.array(v, dtype=t), k) for k, v, t in (
        ("first", [0], numpy.int64), ("others", [1, 2], numpy.int64), ("offset", [0.25, 0.5], f32),
        ("scale", [-2.0, 3.0], f32), ("low", -2.5, f32), ("high", 4.0, f32))]
    rows = [[R.randint(5) * 10.0, R.normal(), R.normal()] for _ in range(200)]
    save("codes", nodes, [("X", F, 3)], given, rows)


MODES3 = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]


def grow(depth, n_features, n_modes):
    """A random tree as (mode, feature, value, yes, no) or a number."""
    if depth == 0 or R.rand() < 0.15:
        return float(R.normal())
    mode = R.randint(n_modes)
    value = float(R.randint(-3, 4)) + (0.5 if mode < 4 and R.rand() < 0.5 else 0.0)
    return (mode, int(R.randint(n_features)), value, grow(depth - 1, n_features, n_modes),
            grow(depth - 1, n_features, n_modes))


def some_rows(n, n_features, missing=True):
    rows = R.randint(-8, 9, size=(n, n_features)) / 2.0
    if missing:
        rows[R.rand(n, n_features) < 0.1] = numpy.nan
    return rows


def three(name, post, n_targets, aggregate="SUM", positive=False):
    """Every mode of ai.onnx.ml 3, missing values either way."""
    a = {}

    def put(key, value):
        a.setdefault(key, []).append(value)

    def write(tree, t, ids):
        i = ids[0]
        ids[0] += 1
        leaf = isinstance(tree, float)
        at = len(a.get("nodes_treeids", []))
        for key, value in (("treeids", t), ("nodeids", i),
                           ("modes", "LEAF" if leaf else MODES3[tree[0]]),
                           ("featureids", 0 if leaf else tree[1]),
                           ("values", 0.0 if leaf else tree[2]), ("truenodeids", 0),
                           ("falsenodeids", 0),
                           ("missing_value_tracks_true", int(R.randint(2)))):
            put("nodes_" + key, value)
        if leaf:
            put("target_treeids", t)
            put("target_nodeids", i)
            put("target_ids", int(R.randint(n_targets)))
            put("target_weights", 0.02 + 0.1 * abs(tree) / (1 + abs(tree)) if positive else tree)
        else:
            a["nodes_truenodeids"][at] = write(tree[3], t, ids)
            a["nodes_falsenodeids"][at] = write(tree[4], t, ids)
        return i

    for t in range(8 if aggregate in ("SUM", "AVERAGE") else 1):
        write(grow(4, 4, 6), t, [0])
    if positive:  # a tree of one leaf: nothing is near 0
        for k in range(n_targets):
            a_leaf = {"treeids": 100 + k, "nodeids": 0, "modes": "LEAF", "featureids": 0,
                      "values": 0.0, "truenodeids": 0, "falsenodeids": 0,
                      "missing_value_tracks_true": 0}
            for key, value in a_leaf.items():
                put("nodes_" + key, value)
            for key, value in {"treeids": 100 + k, "nodeids": 0, "ids": k, "weights": 0.1}.items():
                put("target_" + key, value)
    nodes = [node("TreeEnsembleRegressor", ["X"], ["scores"], n_targets=n_targets,
                  aggregate_function=aggregate, post_transform=post, **a)]
    save(name, nodes, [("X", F, 4)], rows=some_rows(200, 4))


def five(name, post, n_targets, aggregate, double=False):
    """TreeEnsemble of ai.onnx.ml 5, with sets of members."""
    real = numpy.float64 if double else numpy.float32
    n = {k: [] for k in ("feature", "split", "mode", "yes", "no", "yes_leaf", "no_leaf", "track")}
    targets, weights, members, roots = [], [], [], []

    def leaf(value):
        targets.append(int(R.randint(n_targets)))
        weights.append(value)
        return len(targets) - 1

    def write(tree):
        i = len(n["feature"])
        mode, feature, value, yes, no = tree
        for key, v in (("feature", feature), ("split", value), ("mode", mode), ("yes", 0),
                       ("no", 0), ("yes_leaf", 0), ("no_leaf", 0), ("track", int(R.randint(2)) if mode < 6 else 0)):
            n[key].append(v)
        if mode == 6:
            members.extend(sorted({float(v) for v in R.randint(-4, 5, size=4)}) + [numpy.nan])
        for side, child in (("yes", yes), ("no", no)):
            is_leaf = isinstance(child, float)
            n[side + "_leaf"][i] = int(is_leaf)
            n[side][i] = leaf(child) if is_leaf else write(child)
        return i

    for _ in range(8 if aggregate < 2 else 1):
        tree = grow(4, 4, 7)
        while isinstance(tree, float):
            tree = grow(4, 4, 7)
        roots.append(write(tree))
    a = {"membership_values": numpy_helper.from_array(numpy.array(members, dtype=real))}
    nodes = [node("TreeEnsemble", ["X"], ["scores"], n_targets=n_targets,
                  aggregate_function=aggregate, post_transform=post, tree_roots=roots,
                  nodes_featureids=n["feature"], nodes_truenodeids=n["yes"],
                  nodes_falsenodeids=n["no"], nodes_trueleafs=n["yes_leaf"],
                  nodes_falseleafs=n["no_leaf"], nodes_missing_value_tracks_true=n["track"],
                  nodes_splits=numpy_helper.from_array(numpy.array(n["split"], dtype=real)),
                  nodes_modes=numpy_helper.from_array(numpy.array(n["mode"], dtype=numpy.uint8)),
                  leaf_targetids=targets,
                  leaf_weights=numpy_helper.from_array(numpy.array(weights, dtype=real)), **a)]
    # Whole numbers, none missing: of others the runtime does not do what the standard says of sets.
    rows = numpy.round(some_rows(200, 4, missing=False))
    kind = TensorProto.DOUBLE if double else F
    save(name, nodes, [("X", kind, 4)], rows=rows, version=5, real=kind)


mixed()
codes()
three("modes", "NONE", 2)
three("softmax_zero", "SOFTMAX_ZERO", 3, positive=True)
three("probit", "PROBIT", 1, positive=True)
three("one_max", "NONE", 1, aggregate="MAX")
five("five_sum", 0, 3, 1)
five("five_average", 0, 3, 0)
five("five_min", 0, 1, 2)
five("five_double", 0, 2, 1, double=True)
