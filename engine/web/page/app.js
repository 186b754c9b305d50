// What is shown, and where.
import {Button, Slider} from "./controls.js";
import {Images} from "./images.js";
import {Library} from "./library.js";
import {Lock} from "./lock.js";
import {Meter} from "./meters.js";
import {html, percent} from "./ui.js";

const ROLES = {watch: "watching", play: "playing", edit: "playing"};

function Head({link, notice}) {
  const {state, recording, recording_error: failed, seconds} = link.state;
  const alarm = link.trouble || state.alarm;
  const text = link.trouble ? `${link.trouble}: trying again` : state.text;
  const whole = Math.floor(seconds);
  const clock = [whole / 3600, (whole / 60) % 60, whole % 60].map((n) => String(Math.floor(n)).padStart(2, "0"));
  return html`<header>
    <h1 class="unseen">doubledrop</h1>
    <div class="state" data-alarm=${Boolean(alarm)} role="status">
      ${text}${!link.trouble && state.lost && `: waiting for ${state.lost}`}
    </div>
    <span class=${failed ? "recording failed" : "recording"}>
      ${failed ? `not recording: ${failed}` : recording === null ? "not recording" : `● rec ${recording} s`}
    </span>
    <span class="role">${ROLES[link.role] ?? ""} ${clock.join(":")}</span>
    ${notice && html`<p class="notice" role="alert">${notice}</p>`}
  </header>`;
}

function Time({link}) {
  const {clock, place} = link.state;
  const beats = Array.from({length: clock.beats}, (_, n) => n + 1);
  return html`<section class="time" aria-label="Tempo">
    <div class="tempo" data-known=${clock.known}>
      <strong>${clock.bpm.toFixed(2)}</strong> BPM${" "}
      <span>${clock.source}${clock.held && clock.known ? ", held" : ""}${clock.known ? "" : ", listening"}${
        clock.sure === null ? "" : `, ${percent(clock.sure)} sure`}</span>
    </div>
    <div class="place" role="img" aria-label=${place ? `bar ${place.bar} of ${clock.bars}` : "no bar is known"}>
      ${place && html`<span>bar ${place.bar} of ${clock.bars}</span>
        ${beats.map((n) => html`<i class="beat" data-on=${n === place.beat} data-first=${n === 1} />`)}`}
    </div>
    <div class="row">
      <${Button} link=${link} target="tap" label="Tap" early kind="tall" />
      <${Button} link=${link} target="downbeat" label="Downbeat" early kind="tall" />
    </div>
    <div class="row">
      <${Button} link=${link} command=${{do: "nudge", value: -1}} label="Nudge earlier" early>− nudge<//>
      <${Button} link=${link} command=${{do: "nudge", value: 1}} label="Nudge later" early>nudge +<//>
      <${Button} link=${link} target="follow" label="Follow" />
    </div>
  </section>`;
}

function Slots({link}) {
  const {slots, active, called} = link.state;
  return html`<section class="slots" aria-label="Slots">
    <div class="grid">
      ${slots.map((slot, n) => {
        const next = called?.slot === n;
        const hint = slot.broken ? `dry: ${slot.why || "cannot be loaded"}`
          : next ? `in ${called.bars.toFixed(1)} bars` : n === active ? "now" : "";
        const kind = `slot${n === active ? " active" : ""}${next ? " called" : ""}${slot.broken ? " broken" : ""}`;
        return html`<${Button} key=${n} link=${link} target=${`slot${n + 1}`} kind=${kind}
          pressed=${n === active} hint=${hint} label=${`Slot ${n + 1}, ${slot.name}${hint && `, ${hint}`}`}>
          <b>${n + 1}</b> ${slot.name}
        <//>`;
      })}
    </div>
    <div class="row">
      <${Button} link=${link} target="previous" label="Previous" />
      <${Button} link=${link} target="cancel" label="Cancel" />
      <${Button} link=${link} target="next" label="Next" />
    </div>
  </section>`;
}

// The set: the part that is heard, those that come, and all songs to begin with.
function Songs({link}) {
  const {songs} = link.state;
  if (!songs) return null;
  const {parts, at, called} = songs;
  const now = parts[at], next = parts[called ?? at + 1];
  const song = (part) => (part ? `${part.song}: ${part.name}` : "–");
  const firsts = parts.map((part, n) => [part, n]).filter(([part]) => part.first);
  return html`<section class="songs" aria-label="Songs">
    <p><b>${song(now)}</b>${now?.notes && html` <small>${now.notes}</small>`}</p>
    <p class=${called === null ? "" : "coming"}>${called === null ? "next" : "called"} ${song(next)}</p>
    <div class="row">
      <${Button} link=${link} target="part-previous" label="Previous part">‹ part<//>
      <${Button} link=${link} target="part-next" label="Next part" kind="tall">part ›<//>
    </div>
    <details class="fold"><summary>Songs</summary><div class="grid">
      ${firsts.map(([part, n]) => html`<${Button} key=${n} link=${link} target=${`part${n + 1}`}
        label=${part.song} pressed=${part.song === now?.song} />`)}
    </div></details>
  </section>`;
}

function Knobs({link}) {
  const {knobs, sides, slots} = link.state;
  const macros = Object.keys(knobs).filter((name) => name.startsWith("macro"));
  return html`<section class="knobs" aria-label="Controls">
    <${Slider} link=${link} target="wet" label="Wet" at=${knobs.wet} />
    <${Slider} link=${link} target="level" label="Level" at=${knobs.level} />
    ${sides && html`<${Slider} link=${link} target="crossfader" at=${knobs.crossfader}
      label=${`Crossfader ${sides[0] + 1} – ${sides[1] + 1}`} />`}
    ${macros.map((name) => html`<${Slider} key=${name} link=${link} target=${name}
      label=${`Macro ${name.slice(5)}`} at=${knobs[name]} />`)}
    ${slots.length > 1 && slots.map((slot, n) => html`<${Slider} key=${`amount${n}`} link=${link}
      target=${`amount${n + 1}`} label=${`Amount ${n + 1}`} at=${slot.amount} />`)}
  </section>`;
}

function Switches({link}) {
  const {switches} = link.state;
  return html`<div class="row">
    ${["bypass", "kill", "mute"].map((name) => html`<${Button} key=${name} link=${link} target=${name}
      label=${name[0].toUpperCase() + name.slice(1)} pressed=${switches[name]} kind=${switches[name] ? "on" : ""} />`)}
  </div>`;
}

function Levels({link}) {
  const {lights, limited_db: limited, out, load, health, age_ms: age, callback_ms: callback} = link.state;
  return html`<section class="levels" aria-label="Levels">
    <${Meter} name="in" levels=${link.state.in} light="CLIP" lit=${lights.clip} />
    <${Meter} name="out" levels=${out} light=${lights.limit ? `LIMIT ${limited}` : "LIMIT"} lit=${lights.limit} kind="limit" />
    <dl class="figures">
      <div><dt>short term</dt><dd>${out.short} LUFS</dd></div>
      <div><dt>integrated</dt><dd>${out.integrated} LUFS</dd></div>
      <div><dt>load</dt><dd>${percent(load)}, p99 ${callback.p99} ms</dd></div>
      <div><dt>age of gains</dt><dd>${age.p50} ms (p99 ${age.p99})</dd></div>
      <div data-on=${lights.dropout}><dt>dropouts</dt><dd>${health.gaps + health.flags}</dd></div>
      <div><dt>gains late</dt><dd>${health.late}</dd></div>
      <div><dt>latency</dt><dd>${link.state.latency_ms} ms</dd></div>
    </dl>
  </section>`;
}

// MIDI learn: touch what is to be moved, then move the knob of the controller.
function Learn({link, changed}) {
  const {learning} = link.state;
  const toggle = () => {
    link.learning = !link.learning;
    if (!link.learning && learning) link.ask({do: "learn", target: ""});
    changed();
  };
  const said = learning ? `move a control for ${learning}` : link.learning ? "touch what it is to move" : "MIDI learn";
  return html`<button type="button" class=${`button ${link.learning ? "on" : ""}`} aria-pressed=${link.learning}
    disabled=${!link.live} onClick=${toggle}>${said}</button>`;
}

function Messages({link}) {
  const {events, genres, midi, ports, route} = link.state;
  const newest = events.slice(-8).reverse();
  return html`<section class="messages" aria-label="Messages">
    <p>${route}</p>
    ${genres && html`<p>${genres}</p>`}
    <p>MIDI ${midi || "–"} (${ports.join(", ") || "no ports"})</p>
    <div role="log" aria-live="polite"><ol>
      ${newest.map((event) => html`<li key=${`${event.at} ${event.text}`}><time>${event.at.toFixed(1)} s</time> ${event.text}</li>`)}
    </ol></div>
  </section>`;
}

export function App({link, pictures, notice, locked, setLocked, changed}) {
  if (!link.state) {
    return html`<main class="waiting"><h1>doubledrop</h1><p role="status">${notice || link.trouble}</p></main>`;
  }
  return html`<div class="stage" data-live=${link.live} data-locked=${locked}>
    <${Head} link=${link} notice=${notice} />
    <main>
      <div class="column play" inert=${locked}><${Songs} link=${link} /><${Slots} link=${link} /><${Time} link=${link} /></div>
      <div class="column turn" inert=${locked}><${Switches} link=${link} /><${Knobs} link=${link} />
        ${link.role === "edit" && html`<${Learn} link=${link} changed=${changed} />`}</div>
      <div class="column level"><${Levels} link=${link} /></div>
      <div class="column rest"><${Images} link=${link} pictures=${pictures} /><${Messages} link=${link} /><${Library} edits=${link.role === "edit"} /></div>
    </main>
    <footer>
      <${Lock} locked=${locked} setLocked=${setLocked} />
      <${Button} link=${link} target="panic" label="Panic" kind="panic" early />
    </footer>
  </div>`;
}
