// The line-in, what the generator makes of it and the gain between, scrolling: bytes become columns.
import {html, reducedMotion, useEffect, useRef} from "./ui.js";

const WIDTH = 512; // columns, 5.9 s
const HEADER = 12;
const CALM_MS = 1000; // between two pictures where motion is not wanted

const mix = (from, to, share) => from.map((part, n) => part + share * (to[n] - part));

// A table of 256 colours through stops, as 32-bit pixels.
function table(stops) {
  const pixels = new Uint32Array(256), bytes = new Uint8ClampedArray(pixels.buffer);
  for (let n = 0; n < 256; n++) {
    const at = (n / 255) * (stops.length - 1), left = Math.min(Math.floor(at), stops.length - 2);
    bytes.set([...mix(stops[left], stops[left + 1], at - left), 255], 4 * n);
  }
  return pixels;
}

const LEVELS = table([[13, 16, 24], [40, 48, 110], [126, 56, 130], [220, 95, 90], [252, 220, 150]]);
// −60 … +12 dB: nothing is changed at 212.5.
const GAINS = table([
  [20, 60, 140], [24, 62, 130], [26, 56, 110], [24, 44, 80], [18, 28, 44], [140, 96, 40],
]);

export class Pictures {
  constructor() {
    this.canvas = document.createElement("canvas");
    this.canvas.width = WIDTH;
    this.shown = null;
    this.drawn = 0;
  }

  // A message of rows, see docs/reference/page.md.
  take(buffer) {
    const view = new DataView(buffer);
    const images = view.getUint8(1), bands = view.getUint16(2, true), all = view.getUint32(8, true);
    const count = Math.min(all, WIDTH), height = images * bands;
    if (this.canvas.height !== height) this.canvas.height = height;
    const pen = this.canvas.getContext("2d", {willReadFrequently: true});
    pen.drawImage(this.canvas, -count, 0);
    const picture = pen.createImageData(count, height), pixels = new Uint32Array(picture.data.buffer);
    const bytes = new Uint8Array(buffer, HEADER + (all - count) * height);
    for (let column = 0; column < count; column++) {
      for (let image = 0; image < images; image++) {
        const colours = image === 2 ? GAINS : LEVELS;
        for (let band = 0; band < bands; band++) {
          const y = image * bands + bands - 1 - band;
          pixels[y * count + column] = colours[bytes[column * height + image * bands + band]];
        }
      }
    }
    pen.putImageData(picture, WIDTH - count, 0);
    this.show();
  }

  show() {
    const now = performance.now();
    if (!this.shown || (reducedMotion() && now - this.drawn < CALM_MS)) return;
    this.drawn = now;
    requestAnimationFrame(() => {
      if (!this.shown) return;
      if (this.shown.height !== this.canvas.height) this.shown.height = this.canvas.height;
      this.shown.getContext("2d").drawImage(this.canvas, 0, 0);
    });
  }
}

export function Images({link, pictures}) {
  const canvas = useRef();
  useEffect(() => {
    pictures.shown = canvas.current;
    let inSight = false;
    const look = () => link.watchImages(inSight && document.visibilityState === "visible");
    const observer = new IntersectionObserver((entries) => {
      inSight = entries.at(-1).isIntersecting;
      look();
    });
    observer.observe(canvas.current);
    document.addEventListener("visibilitychange", look);
    return () => {
      observer.disconnect();
      document.removeEventListener("visibilitychange", look);
      link.watchImages(false);
      pictures.shown = null;
    };
  }, []);
  return html`<figure class="images">
    <canvas ref=${canvas} width=${WIDTH} height="384" role="img"
      aria-label="Line-in, generated image and gain of the last six seconds" />
    <figcaption><span>in</span><span>generated</span><span>gain</span></figcaption>
  </figure>`;
}
