// Levels as bars on a canvas: loudness filled, the true peak as a line.
import {decibels, html, useEffect, useRef} from "./ui.js";

const FLOOR = -48;
const place = (level) => Math.min(1, Math.max(0, 1 - level / FLOOR));

function draw(canvas, levels) {
  const ratio = devicePixelRatio || 1;
  const width = canvas.clientWidth * ratio, height = canvas.clientHeight * ratio;
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#23272f";
  pen.fillRect(0, 0, width, height);
  const loud = place(levels.lufs) * width;
  pen.fillStyle = levels.lufs > -9 ? "#ffb454" : "#5fd38d";
  pen.fillRect(0, 0, loud, height);
  pen.fillStyle = levels.peak > -1 ? "#ff6b6b" : "#e8eaed";
  pen.fillRect(Math.max(0, place(levels.peak) * width - 2 * ratio), 0, 2 * ratio, height);
}

export function Meter({name, levels, light, lit, kind = ""}) {
  const canvas = useRef();
  useEffect(() => {
    const frame = requestAnimationFrame(() => canvas.current && draw(canvas.current, levels));
    return () => cancelAnimationFrame(frame);
  }, [levels]);
  const said = `${decibels(levels.lufs)} LUFS, peak ${decibels(levels.peak)} dBTP`;
  return html`<div class="meter">
    <span class="name">${name}</span>
    <canvas ref=${canvas} role="img" aria-label=${`${name}: ${said}`} />
    <span class=${`light ${kind}`} data-on=${lit}>${light}</span>
    <span class="figures">${said}</span>
  </div>`;
}
