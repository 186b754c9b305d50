"""OSCQuery: what addresses there are, as JSON over HTTP, for programs that find out by themselves
(OSC Query Proposal, Vidvox 2018). Only `GET` is answered, and nothing is changed by it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from engine import strict_json
from engine.osc.addresses import BUTTONS, KNOBS, ROOT, VERSION, Value, type_of

_READS, _WRITES = 1, 2
_UNIT = [{"MIN": 0.0, "MAX": 1.0}]
_ATTRIBUTES = ("FULL_PATH", "CONTENTS", "TYPE", "ACCESS", "RANGE", "VALUE", "DESCRIPTION")
MOST_REQUEST = 1 << 12
"""Bytes of a request."""


def nodes(state: Mapping[str, Sequence[Value]]) -> dict[str, dict[str, Any]]:
    """Every address with its attributes.

    Args:
        state: what is told, by address; it says which slots and macros there are.
    """
    found: dict[str, dict[str, Any]] = {}
    for address, values in state.items():
        types = "".join(map(type_of, values))
        found[address] = {"TYPE": types, "ACCESS": _READS, "VALUE": list(values)}
        number = address.rpartition("/")[2]
        if address.startswith((f"{ROOT}/state/amount/", f"{ROOT}/state/macro/")):
            found[address.replace("/state/", "/")] = _written("f", _UNIT)
        if address.startswith(f"{ROOT}/state/amount/"):
            found[f"{ROOT}/slot/{number}"] = _written("N")
    found |= {address: _written("f", _UNIT) for address in KNOBS}
    found |= {address: _written("N") for address in (*BUTTONS, f"{ROOT}/subscribe")}
    found[f"{ROOT}/unsubscribe"] = _written("N")
    found[f"{ROOT}/nudge"] = _written("f", [{"MIN": -64.0, "MAX": 64.0}])
    found[f"{ROOT}/sync"] = _written("i")
    return found


def tree(leaves: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The addresses as a tree of containers.

    Args:
        leaves: attributes by address.
    """
    root: dict[str, Any] = {"FULL_PATH": "/", "CONTENTS": {}}
    for address, attributes in sorted(leaves.items()):
        node, path = root, ""
        for part in address.strip("/").split("/"):
            path += f"/{part}"
            contents = node.setdefault("CONTENTS", {})
            node = contents.setdefault(part, {"FULL_PATH": path})
        node |= attributes
    return root


def answered(  # noqa: PLR0911  (a list of cases)
    request: bytes, state: Mapping[str, Sequence[Value]], port: int
) -> bytes:
    """The answer to a request of HTTP.

    Args:
        request: its head.
        state: what is told, by address.
        port: of OSC.
    """
    line, *headers = request.decode("latin-1").split("\r\n")
    words = line.split(" ")
    hosts = [h.partition(":")[2].strip() for h in headers if h.lower().startswith("host:")]
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return _said(400)
    if words[0] != "GET":
        return _said(405)
    if len(hosts) != 1 or not _is_address(hosts[0].rpartition(":")[0] or hosts[0]):
        return _said(421)  # a name that leads here is somebody else's (DNS rebinding)
    path, _, query = words[1].partition("?")
    if query == "HOST_INFO":
        return _said(200, _host_info(port))
    node = _node(tree(nodes(state)), unquote(path))
    if node is None:
        return _said(404)
    if not query:
        return _said(200, node)
    if query not in _ATTRIBUTES:
        return _said(400)
    return _said(200, {query: node[query]}) if query in node else _said(204)


def _node(root: dict[str, Any], path: str) -> dict[str, Any] | None:
    node: dict[str, Any] | None = root
    for part in filter(None, path.split("/")):
        node = node.get("CONTENTS", {}).get(part) if node is not None else None
    return node


def _host_info(port: int) -> dict[str, Any]:
    extensions = dict.fromkeys(("ACCESS", "VALUE", "RANGE"), True)
    return {
        "NAME": f"doubledrop, OSC {VERSION}",
        "OSC_PORT": port,
        "OSC_TRANSPORT": "UDP",
        "EXTENSIONS": extensions,
    }


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host.lower() == "localhost"
    return True


def _written(kind: str, span: Sequence[Mapping[str, float]] = ()) -> dict[str, Any]:
    found: dict[str, Any] = {"TYPE": kind, "ACCESS": _WRITES}
    return found | ({"RANGE": list(span)} if span else {})


def _said(status: int, what: Any = None) -> bytes:
    data = b"" if what is None else strict_json.written(what).encode()
    return b"".join(_lines(status, len(data))) + data


def _lines(status: int, length: int) -> Iterator[bytes]:
    yield f"HTTP/1.1 {status} {'OK' if status == 200 else 'no'}\r\n".encode()
    yield b"Content-Type: application/json\r\nCache-Control: no-store\r\n"
    yield b"X-Content-Type-Options: nosniff\r\nConnection: close\r\n"
    yield f"Content-Length: {length}\r\n\r\n".encode()
