"""The messages of an ONNX file, as far as the player has to know them.

Source: onnx/onnx.proto of ONNX 1.17, by the numbers of its fields.
"""

from __future__ import annotations

from engine.models.protobuf import Field, Schema

FLOAT, INT64 = 1, 7
"""Types of elements."""
ELEMENT_BITS = {
    1: 32,  # float
    2: 8,  # uint8
    3: 8,  # int8
    4: 16,  # uint16
    5: 16,  # int16
    6: 32,  # int32
    7: 64,  # int64
    9: 8,  # bool
    10: 16,  # float16
    11: 64,  # double
    12: 32,  # uint32
    13: 64,  # uint64
    16: 16,  # bfloat16
    21: 4,  # uint4
    22: 4,  # int4
}
"""Size of an element by its type; no strings, no complex numbers."""

_ANY: Schema = {}
_ENTRY: Schema = {1: Field("key", "text"), 2: Field("value", "text")}
_TENSOR: Schema = {
    1: Field("dims", "ints"),
    2: Field("data_type", "int"),
    4: Field("float_data", "size"),
    5: Field("int32_data", "size"),
    7: Field("int64_data", "ints"),
    8: Field("name", "text"),
    9: Field("raw_data", "bytes"),
    10: Field("double_data", "size"),
    11: Field("uint64_data", "size"),
    13: Field("external_data", _ENTRY, many=True),
    14: Field("data_location", "int"),
}
_ATTRIBUTE: Schema = {
    1: Field("name", "text"),
    3: Field("i", "int"),
    5: Field("t", _TENSOR),
    6: Field("g", _ANY),
    8: Field("ints", "ints"),
    10: Field("tensors", _TENSOR, many=True),
    11: Field("graphs", _ANY, many=True),
    22: Field("sparse_tensor", _ANY),
    23: Field("sparse_tensors", _ANY, many=True),
}
_NODE: Schema = {
    1: Field("input", "text", many=True),
    2: Field("output", "text", many=True),
    3: Field("name", "text"),
    4: Field("op_type", "text"),
    5: Field("attribute", _ATTRIBUTE, many=True),
    7: Field("domain", "text"),
}
_SHAPE: Schema = {1: Field("dim", {1: Field("dim_value", "int")}, many=True)}
_TENSOR_TYPE: Schema = {1: Field("elem_type", "int"), 2: Field("shape", _SHAPE)}
_TYPE: Schema = {1: Field("tensor_type", _TENSOR_TYPE)}
_VALUE: Schema = {1: Field("name", "text"), 2: Field("type", _TYPE)}
_GRAPH: Schema = {
    1: Field("node", _NODE, many=True),
    5: Field("initializer", _TENSOR, many=True),
    11: Field("input", _VALUE, many=True),
    12: Field("output", _VALUE, many=True),
    15: Field("sparse_initializer", _ANY, many=True),
}
MODEL: Schema = {
    7: Field("graph", _GRAPH),
    14: Field("metadata_props", _ENTRY, many=True),
    20: Field("training_info", _ANY, many=True),
    25: Field("functions", _ANY, many=True),
}
"""The root of a file."""
