// Buttons and sliders: each shows what has become of what was asked for.
import {html, percent, useRef, useState} from "./ui.js";

const SETTLE_MS = 400; // until the value that was asked for comes back
const EVERY_MS = 33; // between two values of a slider that is drawn

// Whether a control of a controller is waited for, for this one.
const learns = (link, target) => Boolean(target) && link.state.learning === target;

// A button. `early` ones act when they are touched, not when they are let go: the beat is then.
export function Button({link, target, command, label, pressed, early, kind = "", children, hint}) {
  const act = (event) => link.learning && target
    ? link.ask({do: "learn", target}) : link.ask(command ?? {do: "press", target}, event.timeStamp);
  const phase = link.phaseOf(target ?? command.do);
  const down = (event) => early && event.button === 0 && act(event);
  const click = (event) => (!early || event.detail === 0) && act(event); // 0: a key, or a reader
  return html`<button
    type="button" class=${`button ${kind}`} data-learns=${learns(link, target)} data-phase=${phase} disabled=${!link.plays}
    aria-label=${label} aria-pressed=${pressed} onPointerDown=${down} onClick=${click}>
    ${children ?? label}${hint && html`<small>${hint}</small>`}<i class="phase" aria-hidden="true" />
  </button>`;
}

// A slider of a knob, 0 … 1; while it is held it stands where the hand is.
export function Slider({link, target, label, at, text = percent, disabled}) {
  const [held, setHeld] = useState(null);
  const last = useRef({ms: 0, timer: null});
  const {waiting, controls} = link.state;
  const wait = waiting[target];
  const send = (value) => {
    clearTimeout(last.current.timer);
    last.current.ms = performance.now();
    link.ask({do: "turn", target, value});
  };
  const input = (event) => {
    const value = Number(event.currentTarget.value);
    clearTimeout(last.current.settled);
    setHeld(value);
    const due = last.current.ms + EVERY_MS - performance.now();
    clearTimeout(last.current.timer);
    if (due <= 0) send(value);
    else last.current.timer = setTimeout(() => send(value), due);
  };
  const release = (event) => {
    if (last.current.timer) send(Number(event.currentTarget.value));
    last.current.timer = null;
    clearTimeout(last.current.settled);
    last.current.settled = setTimeout(() => setHeld(null), SETTLE_MS);
  };
  const place = held ?? at ?? 0;
  const bound = controls[target]?.join(", ");
  const touch = (event) => {
    if (!link.learning) return;
    event.preventDefault();
    link.ask({do: "learn", target});
  };
  return html`<label class="slider" data-phase=${link.phaseOf(target)} data-learns=${learns(link, target)}
    onPointerDown=${touch}>
    <span class="name">${label}${bound && html` <small>${bound}</small>`}</span>
    <output>${at === null ? "–" : text(place)}</output>
    <input type="range" min="0" max="1" step="0.005" value=${place}
      aria-label=${label} aria-valuetext=${at === null ? "not heard" : text(place)}
      disabled=${!link.plays || disabled || at === null} data-still=${link.learning}
      onInput=${input} onChange=${release} />
    ${wait && html`<small class="waits">waits at ${percent(wait.wanted)} (${wait.control} is at ${percent(wait.place)})</small>`}
    <i class="phase" aria-hidden="true" />
  </label>`;
}
