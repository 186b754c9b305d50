"""One tree of errors; each is a builtin too and says what to do."""

from __future__ import annotations

import inspect

import pytest

from engine import errors

TREE = [
    cls
    for _, cls in inspect.getmembers(errors, inspect.isclass)
    if issubclass(cls, errors.DoubledropError) and cls is not errors.DoubledropError
]


@pytest.mark.parametrize("cls", TREE, ids=lambda cls: cls.__name__)
def test_every_error_is_a_builtin_and_names_the_cure(cls):
    fault = cls("rig.toml, key bpm", "1000", expected="20 to 300", cure="Lower it.")
    assert isinstance(fault, (ValueError, OSError, RuntimeError))
    assert str(fault) == "rig.toml, key bpm: 1000 (expected 20 to 300). Lower it."
    assert fault.exit_status in (1, 2)
    assert cls.__name__ in errors.__doc__
