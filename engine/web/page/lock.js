// The lock against hands that brush the screen: slid open, never tapped open.
import {html, useState} from "./ui.js";

const OPEN = 0.95;

export function Lock({locked, setLocked}) {
  const [at, setAt] = useState(0);
  if (!locked) {
    return html`<button type="button" class="button lock" onClick=${() => setLocked(true)}>Lock</button>`;
  }
  const release = (event) => {
    if (Number(event.currentTarget.value) >= OPEN) setLocked(false);
    setAt(0);
  };
  return html`<label class="unlock">
    <span>Slide to unlock</span>
    <input type="range" min="0" max="1" step="0.01" value=${at} aria-label="Slide to unlock"
      onInput=${(event) => setAt(Number(event.currentTarget.value))} onChange=${release} />
  </label>`;
}
