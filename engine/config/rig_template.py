"""The rig that ``rig init`` writes: for what is plugged in, with a word on every key."""

from __future__ import annotations

import json
from collections.abc import Sequence

from engine.control.mapping import AMOUNTS, BUTTONS, DEFAULT, KNOBS, MACROS
from engine.io.devices import Device
from engine.text import printable

_NONE = "none found"


def template(
    devices: Sequence[Device],
    ports: Sequence[str],
    lights: Sequence[str],
    presets: Sequence[str],
) -> str:
    """A commented rig.toml.

    Args:
        devices: audio devices that are there.
        ports: names of the MIDI inputs that are there.
        lights: names of the MIDI outputs that are there.
        presets: names of the presets, one a slot.
    """
    inputs = [device.name for device in devices if device.inputs]
    outputs = [device.name for device in devices if device.outputs]
    slots = "\n".join(
        f"[[slots]]\npreset = {_quoted(name)}\nprogram = {n}          "
        f"# program change {n} calls it; slot{n + 1} as a target\n"
        f"level_db = 0.0       # how much louder than the others\n"
        for n, name in enumerate(presets)
    )
    defaults = "\n".join(
        f"#   {binding.control:8} {binding.target}"
        + ("" if binding.kind == "absolute" else f" ({binding.kind})")
        for binding in DEFAULT
    )
    return f"""\
# A rig for doubledrop. `doubledrop rig check` reads it; `doubledrop play rig.toml` plays it.

# The controls that work in any case:
{defaults}
default_controls = true

[devices]            # part of a name; "" is the system's own device
# inputs there are: {_listed(inputs)}
input = ""
# outputs there are: {_listed(outputs)}
output = ""
block = 128          # frames; smaller is earlier, larger is safer

[clock]
# The first of these that is there leads. midi: a MIDI clock; link: Ableton Link (pip install
# 'doubledrop[link]'); tap: taps; follow: what is heard on the line-in; fixed: bpm below.
sources = ["midi", "tap", "follow"]
# MIDI ports there are: {_listed(ports)}
port = ""            # part of the name of the port the clock comes from; "" is any
bpm = 174.0          # of fixed; and follow takes the octave that is nearer to it
beats_per_bar = 4    # 2 to 12; a beat is what bpm counts, a quarter note of a MIDI clock
hold_s = 5.0         # a clock that falls silent is held so long before the next one leads
offset_ms = 0.0      # how much later than its ticks the beats of a clock are heard

# Up to 16 slots, all loaded and warm. Presets: `doubledrop presets`, or the path of a folder
# (from here: "./mine").
{slots}
# A slot may be called by the music: below its [[slots]],
# when = {{ genre = "liquid", for_bars = 8 }}   # so many bars of line-in of a genre
#
# Effects before a slot's generator are [[slots.before]], behind it [[slots.chain]] (below its
# [[slots]]), and behind all slots [[chain]]. What is not said here is as the preset has it;
# `chain = []` is none. `doubledrop plugins list` shows what there is.
#
# [[slots.chain]]
# effect = "Reverb"            # pedalboard's own, by name
# room_size = 0.3
# [[slots.chain]]
# plugin = "Room"              # a VST3 or Audio Unit: an installed one by name, or the path of one
#                              # (`doubledrop plugins approve PATH`); its parameters beside it
# state = "room.state"         # as `doubledrop plugins save` has written it
# name = "hall"                # by which macros find it
# [[slots.chain]]
# branches = [                 # side by side, in time with each other
#   {{ gain_db = 0.0 }},
#   {{ gain_db = -9.0, chain = [{{ effect = "Distortion", name = "grit", drive_db = 12 }}] }},
# ]
#
# A macro is a knob that moves parameters of these effects, by name or by number (slot 0 is the
# master chain); each also has `bypass`. macro1 is CC18, macro2 CC19, up to macro8.
#
# [[macros]]
# start = 0.0
# moves = [{{ slot = 1, effect = "hall", parameter = "bypass", low = 1.0, high = 0.0 }}]

[switch]
quantise = "bar"     # now, beat, bar or phrase; a second press is now, the active slot cancels
fade_s = 0.25
law = "measured"     # equal-power, equal-gain or measured (by how alike the two sound)
match = true         # every slot as loud as the line-in, so that none jumps out

# [crossfader]       # between these two slots while one of them is heard; the first two if not said
# a = 1
# b = 2

[output]
wet = 1.0
level = 1.0

[inference]
every = "column"     # column, eighth or quarter: how often a window is restyled, if it can be;
                     # streaming generators answer to each column anyway

[recording]
enabled = false      # line-in, wet and line-out as WAV
folder = "takes"     # from here

[genres]             # what line-in and line-out are called on the screen
show = true
classifier = ""      # folder of one's own (`doubledrop classify --train`), from here

[lights]             # state and beat go back to the controller's own lights
# MIDI outputs there are: {_listed(lights)}
port = ""            # part of the name; "" is none

# Your own, as many as you like. `doubledrop midi monitor` shows what a control sends, and
# `doubledrop midi learn rig.toml TARGET` writes one here.
# target: {", ".join(knob for knob in KNOBS if knob not in AMOUNTS + MACROS)},
#         amount1 … amount16, macro1 … macro8,
#         {", ".join(BUTTONS)},
#         nudge, program, slot1 … slot16
#
# [[controls]]
# target = "wet"
# control = "cc21"            # cc0 … cc119, note0 … note127, nrpn0 … nrpn16383, bend, program
# channel = 0                 # 1 … 16; 0 is any
# port = ""                   # part of the port's name
# kind = "absolute"           # switch, signed-bit, signed-bit-reversed, binary-offset,
#                             # twos-complement (the last four: endless encoders)
# takeover = "pick-up"        # none, scaling
# invert = false
"""


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(_quoted, names)) or _NONE


def _quoted(name: str) -> str:
    """A string of TOML, which has no escapes for halves of a character as JSON has."""
    return json.dumps(printable(name), ensure_ascii=False)
