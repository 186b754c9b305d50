"""The messages of the stage page, version 1: see docs/reference/page.md.

What a browser sends is checked here and nowhere else; what is of no kind that is known is refused.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, TypeAdapter, ValidationError

from engine import strict_json

VERSION = 1
LONGEST = 4096
"""Bytes of a message of a browser."""
_STRICT = ConfigDict(extra="forbid", frozen=True)
_Id = Annotated[int, Field(ge=0, lt=1 << 53, strict=True)]


class Ping(BaseModel):
    """What time is it? ``sent`` is given back."""

    model_config = _STRICT

    type: Literal["ping"]
    sent: FiniteFloat


class Subscribe(BaseModel):
    """Whether rows of images are wanted."""

    model_config = _STRICT

    type: Literal["images"]
    on: Annotated[bool, Field(strict=True)]


class Ask(BaseModel):
    """A command; see :class:`engine.processes.messages.Command`."""

    model_config = _STRICT

    type: Literal["command"]
    id: _Id
    do: Literal["press", "turn", "nudge", "learn"]
    target: Annotated[str, Field(max_length=32, pattern=r"^[a-z0-9-]*$")] = ""
    value: Annotated[FiniteFloat, Field(ge=-64.0, le=64.0)] = 0.0
    at: FiniteFloat


_MESSAGE: TypeAdapter[Ping | Subscribe | Ask] = TypeAdapter(
    Annotated[Ping | Subscribe | Ask, Field(discriminator="type")]
)


def needed(asked: Ask) -> str:
    """The role that a command needs, see :data:`engine.web.access.ROLES`."""
    return "edit" if asked.do == "learn" else "play"


def parse(text: str) -> Ping | Subscribe | Ask:
    """A message of a browser.

    Raises:
        ValueError: it is none; the message says why.
    """
    if len(text) > LONGEST:
        raise ValueError(f"{len(text)} characters; at most {LONGEST}")
    try:
        return _MESSAGE.validate_python(strict_json.read(text))
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{place}: {first['msg']}" if place else str(first["msg"])) from fault


def difference(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """The keys of a state that have changed, whole; one that is gone is null."""
    changed = {key: value for key, value in now.items() if before.get(key, ...) != value}
    return changed | {key: None for key in before if key not in now}
