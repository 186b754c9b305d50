// The stage page: comes in, connects, draws what is said.
import {App} from "./app.js";
import {Connection, comeIn} from "./connection.js";
import {Pictures} from "./images.js";
import {listen} from "./keys.js";
import {html, render} from "./ui.js";

const NOTICE_MS = 4000;
const root = document.getElementById("page");
const pictures = new Pictures();
let locked = false, drawing = false, refused = "";

function draw() {
  drawing = false;
  const fault = link.refused;
  const notice = fault && performance.now() - fault.at < NOTICE_MS ? fault.text : refused;
  render(html`<${App} link=${link} pictures=${pictures} notice=${notice} locked=${locked}
    setLocked=${setLocked} changed=${changed} />`, root);
}

// However much is said between two frames, it is drawn once.
function changed() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(draw);
}

function setLocked(now) {
  locked = now;
  changed();
}

const link = new Connection(changed, (buffer) => pictures.take(buffer));
listen(link, () => locked);
refused = await comeIn().catch(() => "");
link.open();
changed();
