"""Order and names in an ONNX graph that depend on the network alone: exported twice, the same bytes."""

from __future__ import annotations

from collections import Counter
from typing import Any

_AXES = "batch", "height", "width", "channels"


def make_reproducible(model: Any) -> None:
    """Order and name the nodes and constants of a graph by its structure.

    tf2onnx numbers what it adds by a counter of the process, and of several equal nodes or constants it keeps
    any one. Here each node comes after those whose results it takes, in the order of its inputs, and has a
    name such as ``Conv_3``. Names of the graph's inputs and outputs stay; sizes that are not fixed are called
    batch, height and width.

    Args:
        model: ``onnx.ModelProto``, changed in place. A graph with graphs in its nodes, as of a loop, is left
            as it is.

    Example:
        >>> from onnx import helper, TensorProto
        >>> value = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1])
        >>> nodes = [helper.make_node("Relu", ["x"], ["a__7:0"]), helper.make_node("Neg", ["a__7:0"], ["y"])]
        >>> model = helper.make_model(helper.make_graph(nodes, "g", [value("x")], [value("y")]))
        >>> make_reproducible(model)
        >>> [(node.name, *node.input, *node.output) for node in model.graph.node]
        [('Relu_1', 'x', 'Relu_1:0'), ('Neg_1', 'Relu_1:0', 'y')]
    """
    graph = model.graph
    if any(each.HasField("g") or each.graphs for node in graph.node for each in node.attribute):
        return
    nodes = _in_order(graph)
    constants = {each.name: each for each in graph.initializer}
    names = {each.name: each.name for each in (*graph.input, *graph.output) if each.name not in constants}
    names[""] = ""  # an optional input that is left out
    counts, used = Counter(), []
    for node in nodes:
        counts[node.op_type] += 1
        node.name = f"{node.op_type}_{counts[node.op_type]}"
        for place, name in enumerate(node.input):
            if name not in names:
                names[name] = f"{node.name}/{place}"
                used.append(constants[name])
        for place, name in enumerate(node.output):
            names.setdefault(name, f"{node.name}:{place}")
        node.input[:] = [names[name] for name in node.input]
        node.output[:] = [names[name] for name in node.output]
        attributes = sorted(node.attribute, key=lambda each: each.name)
        del node.attribute[:]
        node.attribute.extend(attributes)
    for constant in used:
        constant.name = names[constant.name]
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.doc_string = ""  # it has the number of a function of the process
    graph.node.extend(nodes)
    graph.initializer.extend(used)
    for value in (*graph.input, *graph.output):
        # A prediction has the size of its image, so that the same name is right for both.
        for axis, each in zip(_AXES, value.type.tensor_type.shape.dim, strict=False):
            if each.HasField("dim_param"):
                each.dim_param = axis


def _in_order(graph: Any) -> list[Any]:
    """Copies of the nodes that the outputs need, found from the outputs, inputs first."""
    maker = {name: index for index, node in enumerate(graph.node) for name in node.output if name}
    order, seen = [], set()
    waiting = [(maker[each.name], False) for each in reversed(graph.output) if each.name in maker]
    while waiting:
        index, inputs_done = waiting.pop()
        if inputs_done:
            order.append(index)
        elif index not in seen:
            seen.add(index)
            waiting.append((index, True))
            waiting += [(maker[name], False) for name in reversed(graph.node[index].input) if name in maker]
    copies = []
    for index in order:
        copies.append(type(graph.node[index])())
        copies[-1].CopyFrom(graph.node[index])
    return copies
