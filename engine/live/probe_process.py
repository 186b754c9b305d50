"""Tries effects one after the other: ``python -m engine.live.probe_process RATES SPECS``."""

from __future__ import annotations

import json
import os
import sys

from engine.live.probe import probe
from engine.live.speech import hush, say

if __name__ == "__main__":
    hush()
    for place, spec in enumerate(json.loads(sys.argv[2])):
        say(begun=place)
        say(place=place, verdict=probe(spec, json.loads(sys.argv[1])).to_json())
    sys.stdout.flush()
    os._exit(0)  # a plugin that does not like to be unloaded has nothing more to say
