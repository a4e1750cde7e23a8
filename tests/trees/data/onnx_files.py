#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes onnx_NAME.onnx here from sklearn_NAME.json, with the casts, names and ZipMap of exporters.

The sums in sklearn_NAME.rows are scikit-learn's own. Needs python3-onnx.
"""
import json
import pathlib

import numpy
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).parent


def below(edge):
    """The largest float that is not above the edge: floats compare alike with both."""
    near = numpy.float32(edge)
    return float(near if near <= edge else numpy.nextafter(near, numpy.float32("-inf")))


def arrays(model, prefix, column, scale):
    a = {}

    def put(name, value):
        a.setdefault(name, []).append(value)

    for t, tree in enumerate(model["trees"]):
        for i, value in enumerate(tree["value"]):
            leaf = value is not None
            put("nodes_treeids", t)
            put("nodes_nodeids", i)
            put("nodes_modes", "LEAF" if leaf else "BRANCH_LEQ")
            put("nodes_featureids", tree["feature"][i])
            put("nodes_values", below(tree["edge"][i]) if model["floats"] else tree["edge"][i])
            put("nodes_truenodeids", tree["left"][i])
            put("nodes_falsenodeids", tree["right"][i])
            put("nodes_missing_value_tracks_true", 1 - tree["missing_right"][i])
            for k, number in enumerate(value or []):
                put(prefix + "_treeids", t)
                put(prefix + "_nodeids", i)
                put(prefix + "_ids", 0 if column else tree.get("output", k))
                put(prefix + "_weights", number * scale)
    return a


def write(name, transform, column=False, average=False):
    model = json.loads((HERE / f"sklearn_{name}.json").read_text())
    classes = model["outputs"] == "classes"
    scale = len(model["trees"]) if average else 1.0
    a = arrays(model, "class" if classes else "target", column, scale)
    element = TensorProto.FLOAT if model["floats"] else TensorProto.DOUBLE
    if not model["floats"]:
        values = numpy.array(a.pop("nodes_values"), dtype=numpy.float64)
        a["nodes_values_as_tensor"] = numpy_helper.from_array(values)
    if any(model["base"]):
        a["base_values"] = model["base"][1:] if column else model["base"]
    if average:
        a["aggregate_function"] = "AVERAGE"
    if classes:
        a["classlabels_int64s"] = [int(label) for label in model["labels"]]
        outs = ["number", "scores"]
    else:
        a["n_targets"] = len(model["labels"])
        outs = ["scores"]
    op = "TreeEnsembleClassifier" if classes else "TreeEnsembleRegressor"
    nodes = [helper.make_node("Identity", ["X"], ["columns"]),
             helper.make_node(op, ["columns"], outs, domain="ai.onnx.ml", post_transform=transform,
                              name="trees", **a)]
    n = len(model["features"])
    ports = [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, None])]
    if classes:
        nodes += [helper.make_node("Cast", ["number"], ["label"], to=TensorProto.INT64),
                  helper.make_node("ZipMap", ["scores"], ["map"], domain="ai.onnx.ml",
                                   classlabels_int64s=a["classlabels_int64s"])]
        ports.append(helper.make_tensor_value_info("label", TensorProto.INT64, [None]))
    graph = helper.make_graph(nodes, name,
                              [helper.make_tensor_value_info("X", element, [None, n])], ports)
    file = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15),
                                                   helper.make_opsetid("ai.onnx.ml", 3)])
    (HERE / f"onnx_{name}.onnx").write_bytes(file.SerializeToString())


write("boosting", "LOGISTIC", column=True)
write("boosting_multi", "SOFTMAX")
write("forest", "NONE")
write("regression", "NONE", average=True)
write("histogram", "LOGISTIC", column=True)
