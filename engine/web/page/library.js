// Presets with their cards, and takes with their waveforms: fetched when somebody opens them.
import {RigEditor} from "./rig.js";
import {html, useEffect, useRef, useState} from "./ui.js";

const MIB = 2 ** 20;

async function fetched(path, kind) {
  const answer = await fetch(path, {credentials: "same-origin"});
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer[kind]();
}

// What is fetched once, when it is wanted.
function useFetched(path, kind, wanted) {
  const [found, setFound] = useState(null);
  const [fault, setFault] = useState("");
  useEffect(() => {
    if (wanted && found === null) {
      fetched(path, kind).then(setFound, () => setFault("cannot be read now"));
    }
  }, [wanted, path]);
  return [found, fault];
}

function Fold({title, children}) {
  const [open, setOpen] = useState(false);
  return html`<details class="fold" onToggle=${(event) => setOpen(event.currentTarget.open)}>
    <summary>${title}</summary>
    ${open && children}
  </details>`;
}

function Card({preset}) {
  const path = `/presets/${encodeURIComponent(preset.name)}`;
  const [text, fault] = useFetched(`${path}/card`, "text", true);
  return html`<div class="card">
    <p>${preset.licence}</p>
    ${preset.pictures.map((name) => html`<img key=${name} loading="lazy"
      src=${`${path}/pictures/${encodeURIComponent(name)}`} alt=${`${preset.name}: ${name}`} />`)}
    <pre tabindex="0" aria-label=${`Card of ${preset.name}`}>${fault || text || "…"}</pre>
  </div>`;
}

function PresetList() {
  const [presets, fault] = useFetched("/presets", "json", true);
  if (!presets) return html`<p>${fault || "…"}</p>`;
  return presets.map((preset) => html`<${Fold} key=${preset.name}
    title=${html`<b>${preset.name}</b> <small>${preset.description}</small>`}>
    <${Card} preset=${preset} />
  <//>`);
}

// The outline of a sound, from pairs of bytes.
function Waveform({path, name}) {
  const canvas = useRef();
  const [data] = useFetched(`${path}/peaks`, "arrayBuffer", true);
  useEffect(() => {
    if (!data) return;
    const pairs = new Int8Array(data), count = pairs.length / 2;
    const {width, height} = canvas.current, pen = canvas.current.getContext("2d");
    pen.clearRect(0, 0, width, height);
    pen.fillStyle = "#5fd38d";
    for (let n = 0; n < count; n++) {
      const low = pairs[2 * n] / 127, high = pairs[2 * n + 1] / 127;
      const top = ((1 - high) * height) / 2;
      pen.fillRect((n * width) / count, top, width / count, Math.max(1, ((high - low) * height) / 2));
    }
  }, [data]);
  return html`<canvas ref=${canvas} width="600" height="64" role="img" aria-label=${`Waveform of ${name}`} />`;
}

function TakeParts({take}) {
  return Object.entries(take.bytes).filter(([, size]) => size > 0).map(([part, size]) => {
    const path = `/takes/${encodeURIComponent(take.name)}/${part}`;
    return html`<div class="part" key=${part}>
      <${Waveform} path=${path} name=${`${take.shown}, ${part}`} />
      <audio controls preload="none" src=${path} aria-label=${`${take.shown}, ${part}`} />
      <a class="button" href=${path} download=${`${take.name}-${part}.wav`}>${part}.wav, ${Math.ceil(size / MIB)} MiB</a>
    </div>`;
  });
}

function TakeList() {
  const [takes, fault] = useFetched("/takes", "json", true);
  if (!takes) return html`<p>${fault || "…"}</p>`;
  if (!takes.length) return html`<p>No takes: say --record, or enable recording in the rig.</p>`;
  return takes.map((take) => html`<${Fold} key=${take.name} title=${take.shown}><${TakeParts} take=${take} /><//>`);
}

export function Library({edits}) {
  return html`<section class="library" aria-label="Presets, takes, rig">
    <${Fold} title="Presets"><${PresetList} /><//>
    <${Fold} title="Takes"><${TakeList} /><//>
    ${edits && html`<${Fold} title="Rig"><${RigEditor} /><//>`}
  </section>`;
}
