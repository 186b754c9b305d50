// The rig as it is written, comments and all; what is saved is played at the next start.
import {html, useEffect, useState} from "./ui.js";

export function RigEditor() {
  const [before, setBefore] = useState(null);
  const [text, setText] = useState("");
  const [said, setSaid] = useState(["…"]);
  const load = async () => {
    const answer = await fetch("/rig", {credentials: "same-origin"}).catch(() => null);
    const found = answer ? await answer.json() : {error: "no connection"};
    setSaid(found.error ? [found.error] : []);
    setBefore(found.text ?? null);
    setText(found.text ?? "");
  };
  useEffect(() => void load(), []);
  const save = async () => {
    const answer = await fetch("/rig", {
      method: "PUT", credentials: "same-origin",
      headers: {"content-type": "application/json"}, body: JSON.stringify({text, before}),
    }).catch(() => null);
    const found = answer ? await answer.json() : {error: "no connection"};
    const mistakes = found.mistakes ?? [found.error];
    if (!mistakes.length) setBefore(text);
    setSaid(mistakes.length ? mistakes : ["Saved: played at the next start."]);
  };
  return html`<div class="rig">
    ${before !== null && html`<textarea aria-label="rig.toml" spellcheck="false" rows="16" value=${text}
      onInput=${(event) => setText(event.currentTarget.value)} />`}
    <div role="status">${said.map((line) => html`<p key=${line}>${line}</p>`)}</div>
    <div class="row">
      <button type="button" class="button" onClick=${load}>Open again</button>
      <button type="button" class="button" disabled=${before === null || text === before} onClick=${save}>Save</button>
    </div>
  </div>`;
}
