"""Protocol buffers, read with a bound: what a file of a stranger says before anybody believes it.

A message becomes its known fields by name. The library that will read the file afterwards merges a
message that comes twice, takes the last of two numbers and cuts long ones off; a file that leaves
room for two readings is refused here, so that both see the same. Own code, because ``onnx`` is no
part of the player, and ``protobuf`` without it has neither the schema nor a bound on what it makes.

Source: protobuf.dev, "Encoding".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["int", "ints", "bytes", "text", "size"]
"""Of a field: a number; numbers, packed or not; bytes; UTF-8; numbers of which only the bytes are
counted."""
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT, _HIGHEST_FIELD = 10, (1 << 29) - 1
_WIRES: dict[Kind, tuple[int, ...]] = {
    "int": (_VARINT,),
    "ints": (_VARINT, _LENGTH),
    "bytes": (_LENGTH,),
    "text": (_LENGTH,),
    "size": (_VARINT, _FIXED64, _LENGTH, _FIXED32),
}


@dataclass(frozen=True)
class Field:
    """A known field of a message.

    Attributes:
        name: by which it is found.
        kind: of its value, or the schema of the message that it is.
        many: whether it may come more than once.
    """

    name: str
    kind: Kind | Schema
    many: bool = False


Schema = Mapping[int, Field]
"""The known fields of a message, by their numbers; others are passed over."""
Message = dict[str, Any]
"""Fields that are there, by name: a value, or a list where there may be many; ``bytes`` are a view
of the file."""


class Malformed(ValueError):
    """Bytes that are no message, or one with two readings."""


@dataclass
class Budget:
    """What may still be read; shared by all messages of a file."""

    fields: int = 200_000
    depth: int = 12


def parse(data: memoryview, schema: Schema, budget: Budget) -> Message:
    """Read a message.

    Args:
        data: of the message.
        schema: its known fields.
        budget: is used up.

    Raises:
        Malformed: it cannot be read, or holds more than the budget.
    """
    if budget.depth <= 0:
        raise Malformed("nested too deeply")
    budget.depth -= 1
    message: Message = {f.name: [] for f in schema.values() if f.many}
    for number, wire, value in _fields(data, budget):
        known = schema.get(number)
        if known is None:
            continue
        read = _value(known, wire, value, budget)
        if known.kind == "size":
            message[known.name] = message.get(known.name, 0) + read
        elif known.kind == "ints":
            message.setdefault(known.name, []).extend(read)
        elif known.many:
            message[known.name].append(read)
        elif known.name in message:
            raise Malformed(f"{known.name} twice")
        else:
            message[known.name] = read
    budget.depth += 1
    return message


def _fields(data: memoryview, budget: Budget) -> Iterator[tuple[int, int, int | memoryview]]:
    """Number, wire type and value of each field.

    Raises:
        Malformed: the bytes are no fields, or more than the budget.
    """
    at, end = 0, len(data)
    while at < end:
        budget.fields -= 1
        if budget.fields < 0:
            raise Malformed("too many parts")
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        if not 0 < number <= _HIGHEST_FIELD:
            raise Malformed(f"field {number}")
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, wire, value
            continue
        if wire == _LENGTH:
            length, at = _varint(data, at)
        elif wire in (_FIXED64, _FIXED32):
            length = 8 if wire == _FIXED64 else 4
        else:  # groups are of another time
            raise Malformed(f"wire type {wire}")
        if length > end - at:
            raise Malformed("cut short")
        yield number, wire, data[at : at + length]
        at += length


def _value(known: Field, wire: int, value: int | memoryview, budget: Budget) -> Any:
    kind = known.kind
    if not isinstance(kind, str):
        if wire != _LENGTH or isinstance(value, int):
            raise Malformed(f"{known.name} is no message")
        return parse(value, kind, budget)
    if wire not in _WIRES[kind]:
        raise Malformed(f"{known.name} of wire type {wire}")
    if isinstance(value, int):
        number = 1 if kind == "size" else _signed(value)
        return [number] if kind == "ints" else number
    match kind:
        case "text":
            try:
                return str(value, "utf-8")
            except UnicodeDecodeError as fault:
                raise Malformed(f"{known.name} that is no UTF-8") from fault
        case "ints":
            return list(_packed(value, budget))
        case "size":
            return len(value)
        case _:
            return value


def _packed(data: memoryview, budget: Budget) -> Iterator[int]:
    at = 0
    while at < len(data):
        budget.fields -= 1
        if budget.fields < 0:
            raise Malformed("too many numbers")
        value, at = _varint(data, at)
        yield _signed(value)


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """The number that begins there, and where the next thing begins.

    Raises:
        Malformed: it does not end, or has more than 64 bits.
    """
    value = shift = 0
    for place in range(at, min(at + _LONGEST_VARINT, len(data))):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            if value >> 64:
                break
            return value, place + 1
        shift += 7
    raise Malformed("a number without end")


def _signed(value: int) -> int:
    """Two's complement of 64 bits."""
    return value - (1 << 64) if value >> 63 else value
