"""Tries effects one after the other: ``engine.plugins.probe_process RATES SPECS GRANTED``, see
:mod:`engine.processes.child`; the last of them are hashes, see :mod:`engine.plugins.approval`."""

from __future__ import annotations

import json
import os
import sys

from engine.effects.specs import BranchesSpec, chain_of
from engine.plugins.probe import probe
from engine.processes.speech import hush, say

if __name__ == "__main__":
    hush()
    rates, specs, granted = (json.loads(argument) for argument in sys.argv[1:4])
    for place, spec in enumerate(chain_of(specs)):
        assert not isinstance(spec, BranchesSpec)  # what is in them is tried
        say(begun=place)
        say(place=place, verdict=probe(spec, rates, granted).to_json())
    sys.stdout.flush()
    os._exit(0)  # a plugin that does not like to be unloaded has nothing more to say
