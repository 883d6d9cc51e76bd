"""Makes the models that the tests of serving use. onnx 1.23.2, numpy 2.

    python generate.py

moody    one number in, one score out; each kind of trouble is a region of its input:
         a negative one is NaN, exactly 500 is an index out of range (onnxruntime refuses), above 1000 it loops for ever,
         from 600 to 700 it takes some ten milliseconds for each one that it exceeds 600.
mixed    one input of every datatype; the answer shows that each arrived unharmed.
classes  three classes, softmax.
external weights in another file (which is not committed: it is refused before it is looked for).
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper as nh

here = Path(__file__).parent


def save(name, graph, ml=False):
    opsets = [h.make_opsetid("", 17)] + ([h.make_opsetid("ai.onnx.ml", 2)] if ml else [])
    model = h.make_model(graph, opset_imports=opsets, producer_name="ml-actions tests")
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


def const(name, value, dtype):
    return nh.from_array(np.array(value, dtype=dtype), name)


def value(name, datatype, shape):
    return h.make_tensor_value_info(name, datatype, shape)


def moody():
    body = h.make_graph(
        [
            h.make_node("Identity", ["go"], ["go_out"]),
            h.make_node("MatMul", ["state", "square"], ["product"]),
            h.make_node("Clip", ["product", "zero", "one"], ["state_out"]),
        ],
        "body",
        [value("i", T.INT64, []), value("go", T.BOOL, []), value("state", T.FLOAT, [64, 64])],
        [value("go_out", T.BOOL, []), value("state_out", T.FLOAT, [64, 64])],
    )
    nodes = [
        h.make_node("ReduceMax", ["x"], ["highest"], keepdims=0),
        # Loop for ever above 1000; from 600 to 700 a number of turns that grows with the input.
        h.make_node("Greater", ["highest", "thousand"], ["endless"]),
        h.make_node("Sub", ["highest", "six_hundred"], ["excess"]),
        h.make_node("Clip", ["excess", "zero", "hundred"], ["capped"]),
        h.make_node("Mul", ["capped", "turns_each"], ["turns_float"]),
        h.make_node("Cast", ["turns_float"], ["turns_slow"], to=T.INT64),
        h.make_node("Where", ["endless", "for_ever", "turns_slow"], ["turns"]),
        h.make_node("Loop", ["turns", "yes", "start"], ["end"], body=body),
        h.make_node("ReduceSum", ["end"], ["sum"], keepdims=0),
        h.make_node("Mul", ["sum", "zero"], ["nothing"]),
        # Index 1 of a list of one where the input is exactly 500.
        h.make_node("Equal", ["x", "five_hundred"], ["is_bad"]),
        h.make_node("Cast", ["is_bad"], ["index"], to=T.INT64),
        h.make_node("Gather", ["list", "index"], ["gathered"]),
        # NaN below zero.
        h.make_node("Sqrt", ["x"], ["root"]),
        h.make_node("Div", ["root", "hundred"], ["scaled"]),
        h.make_node("Add", ["scaled", "gathered"], ["with_list"]),
        h.make_node("Add", ["with_list", "nothing"], ["logit"]),
        h.make_node("Sigmoid", ["logit"], ["score"]),
    ]
    constants = [
        const("thousand", 1000, np.float32),
        const("six_hundred", 600, np.float32),
        const("five_hundred", 500, np.float32),
        const("hundred", 100, np.float32),
        const("turns_each", 1500, np.float32),
        const("zero", 0, np.float32),
        const("one", 1, np.float32),
        const("for_ever", 2**62, np.int64),
        const("yes", True, np.bool_),
        const("list", [0], np.float32),
    ]
    # The product neither grows nor fades: denormal numbers would make the turns a hundred times slower. Both are made
    # in the graph, so that 32 KB of constants need not be committed.
    for name, fill in [("start", 0.01), ("square", 1 / 64)]:
        tensor = h.make_tensor(f"{name}_fill", T.FLOAT, [1], [fill])
        nodes.insert(0, h.make_node("ConstantOfShape", ["side"], [name], value=tensor))
    constants.append(const("side", [64, 64], np.int64))
    return h.make_graph(nodes, "moody", [value("x", T.FLOAT, ["rows", 1])], [value("score", T.FLOAT, ["rows", 1])], constants)


def mixed():
    nodes = [
        h.make_node("Sub", ["flight", "beyond"], ["difference"]),
        h.make_node("Cast", ["difference"], ["flight_f"], to=T.DOUBLE),
        h.make_node("Cast", ["seat"], ["seat_f"], to=T.DOUBLE),
        h.make_node("Cast", ["international"], ["international_f"], to=T.DOUBLE),
        h.make_node("LabelEncoder", ["carrier"], ["carrier_code"], domain="ai.onnx.ml",
                    keys_strings=["UA", "Zürich ✈", ""], values_floats=[1.0, 2.0, 3.0], default_float=-1.0),
        h.make_node("Cast", ["carrier_code"], ["carrier_f"], to=T.DOUBLE),
        h.make_node("IsNaN", ["weather"], ["weather_missing"]),
        h.make_node("Cast", ["weather_missing"], ["weather_f"], to=T.DOUBLE),
        h.make_node("Concat", ["flight_f", "seat_f", "international_f", "carrier_f", "weather_f", "distance"], ["all"], axis=1),
        h.make_node("Mul", ["all", "weights"], ["weighted"]),
        h.make_node("ReduceSum", ["weighted", "last"], ["answer"], keepdims=1),
    ]
    constants = [
        const("beyond", [[2**53]], np.int64),
        # flight − 2⁵³ counts ones, then seat tens, international hundreds, carrier thousands, missing temperature
        # and wind ten and a hundred thousands, distance as it is.
        const("weights", [[1, 10, 100, 1000, 10_000, 100_000, 1]], np.float64),
        const("last", [1], np.int64),
    ]
    return h.make_graph(
        nodes,
        "mixed",
        [
            value("flight", T.INT64, ["rows", 1]),
            value("seat", T.INT32, ["rows", 1]),
            value("international", T.BOOL, ["rows", 1]),
            value("carrier", T.STRING, ["rows", 1]),
            value("weather", T.FLOAT, ["rows", 2]),
            value("distance", T.DOUBLE, ["rows", 1]),
        ],
        [value("answer", T.DOUBLE, ["rows", 1])],
        constants,
    )


def classes():
    nodes = [h.make_node("MatMul", ["x", "w"], ["logits"]), h.make_node("Softmax", ["logits"], ["probabilities"], axis=1)]
    w = const("w", [[1, 0, -1], [0, 1, 0.5]], np.float32)
    return h.make_graph(nodes, "classes", [value("x", T.FLOAT, ["rows", 2])], [value("probabilities", T.FLOAT, ["rows", 3])], [w])


onnx.save(save("moody", moody()), here / "moody.onnx")
onnx.save(save("mixed", mixed(), ml=True), here / "mixed.onnx")
onnx.save(save("classes", classes()), here / "classes.onnx")
external = save("external", classes())
onnx.save(external, here / "external.onnx", save_as_external_data=True, location="external.bin", size_threshold=0)
(here / "external.bin").unlink()
