#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Folds a trained network (train.py) and writes it as ONNX.

    export.py resnet20.pt -o resnet20.onnx

Each activation a x^2 + b x + c is +-y^2 + k with y = sqrt(|a|) (x + b / 2a). The root and the shift
go into the convolution before it, as batch norms do; +- and k stand in the graph as they are, since
zeros around an image are zeros of what +-y^2 + k makes, not of y^2. Needs python3-torch and
python3-onnx.
"""
import argparse

import numpy
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from network import DEVIATION, MEAN, ResNet20, affine


class Graph:
    """Nodes and weights in the order in which they are added."""

    def __init__(self):
        self.nodes, self.weights, self.count = [], [], 0

    def name(self, stem):
        self.count += 1
        return f"{stem}{self.count}"

    def weight(self, stem, values):
        name = self.name(stem)
        array = numpy.asarray(values, dtype=numpy.float32)
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def add(self, op, inputs, stem, **attributes):
        name = self.name(stem)
        self.nodes.append(helper.make_node(op, inputs, [name], **attributes))
        return name

    def conv(self, x, weight, bias, stride, padding):
        return self.add("Conv", [x, self.weight("w", weight), self.weight("b", bias)], "conv",
                        kernel_shape=list(weight.shape[2:]), strides=[stride, stride],
                        pads=[padding] * 4)

    def square(self, y, sign, constant):
        squared = self.add("Mul", [y, y], "square")
        signed = self.add("Mul", [squared, self.weight("sign", sign.view(-1, 1, 1))], "signed")
        return self.add("Add", [signed, self.weight("k", constant.view(-1, 1, 1))], "act")


def square_of(activation):
    """a x^2 + b x + c = sign (gain x + shift)^2 + constant."""
    a, b, c = activation.coefficients()
    gain = torch.sqrt(a.abs())
    return gain, gain * b / (2 * a), torch.sign(a), c - b * b / (4 * a)


def scaled(conv, gain):
    return conv.weight.double() * gain.view(-1, 1, 1, 1)


def add_activation(graph, y, activation):
    _, _, sign, constant = square_of(activation)
    return graph.square(y, sign, constant)


def add_block(graph, x, block):
    gain, shift, _, _ = square_of(block.act1)
    stride = block.conv1.stride[0]
    h = graph.conv(x, scaled(block.conv1, gain), shift, stride, 1)
    h = add_activation(graph, h, block.act1)
    gain, shift, _, _ = square_of(block.act2)
    scale, bias = affine(block.norm)
    h = graph.conv(h, scaled(block.conv2, gain * scale), gain * bias + shift, 1, 1)
    if isinstance(block.short, torch.nn.Identity):
        x = graph.add("Mul", [x, graph.weight("gain", gain.view(-1, 1, 1))], "short")
    else:
        scale, bias = affine(block.short[1])
        x = graph.conv(x, scaled(block.short[0], gain * scale), gain * bias, stride, 0)
    return add_activation(graph, graph.add("Add", [h, x], "sum"), block.act2)


def export(network, path, side=32):
    graph = Graph()
    # Pixels go from 0 to 1 here, as `blindsight import` has those of images.
    mean, deviation = (numpy.reshape(x, (1, 3, 1, 1)) / 255 for x in (MEAN, DEVIATION))
    x = graph.add("Sub", ["image", graph.weight("mean", mean)], "x")
    deviation = graph.weight("deviation", deviation)
    x = graph.add("Div", [x, deviation], "x")
    gain, shift, _, _ = square_of(network.act)
    x = add_activation(graph, graph.conv(x, scaled(network.conv, gain), shift, 1, 1), network.act)
    for block in network.blocks:
        x = add_block(graph, x, block)
    x = graph.add("Flatten", [graph.add("GlobalAveragePool", [x], "mean")], "flat")
    graph.nodes.append(helper.make_node(
        "Gemm", [x, graph.weight("w", network.fc.weight.detach()),
                 graph.weight("b", network.fc.bias.detach())], ["scores"], transB=1))
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, side, side])
    scores = helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["N", 10])
    model = helper.make_model(helper.make_graph(graph.nodes, "resnet20", [image], [scores],
                                                graph.weights),
                              opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 7
    onnx.checker.check_model(model)
    onnx.save(model, path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint")
    parser.add_argument("-o", "--output", required=True)
    options = parser.parse_args()
    state = torch.load(options.checkpoint, map_location="cpu")
    network = ResNet20(state["channels"])
    network.load_state_dict(state["net"])
    network.eval()
    with torch.no_grad():
        export(network, options.output)


if __name__ == "__main__":
    main()
