// The socket: it comes back for ever, and what was pressed while it was away is forgotten.
import {ServerClock} from "./server-clock.js";

const PROTOCOL = 1;
const FIRST_MS = 250, LONGEST_MS = 1500;
const PING_MS = 2000, FIRST_PINGS = 4;
const SILENT_MS = 3000; // of a server that publishes twenty times a second
const HEARD_MS = 600; // for so long it is shown that something is heard
const LOST_MS = 4000; // a command of which nothing was heard

export class Connection {
  constructor(changed, rows) {
    this.changed = changed;
    this.rows = rows;
    this.clock = new ServerClock();
    this.state = null;
    this.role = null;
    this.trouble = "connecting";
    this.phases = new Map(); // of each control: sent, acknowledged, heard
    this.pending = new Map(); // number → control
    this.refused = null;
    this.images = false;
    this.learning = false; // whether what is touched is to be learnt
    this.number = 0;
    this.wait = FIRST_MS;
    this.heardMs = 0;
    setInterval(() => this.look(), 500);
  }

  get live() {
    return this.socket?.readyState === WebSocket.OPEN && this.state !== null && this.clock.known;
  }

  get plays() {
    return this.live && this.role !== "watch";
  }

  async open() {
    this.due = null;
    let answer;
    try {
      answer = await fetch("/session", {credentials: "same-origin"});
    } catch {
      return this.again("no connection");
    }
    if (answer.status === 401) {
      return this.again("open the link that play shows");
    }
    const socket = new WebSocket(`ws://${location.host}/socket`);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.heardMs = performance.now();
    socket.onopen = () => {
      this.wait = FIRST_MS;
      for (let n = 0; n < FIRST_PINGS; n++) this.ping();
      if (this.images) this.send({type: "images", on: true});
    };
    socket.onmessage = (event) => {
      this.heardMs = performance.now();
      if (typeof event.data === "string") this.hear(JSON.parse(event.data));
      else this.rows(event.data);
    };
    socket.onclose = (event) => {
      if (this.socket === socket) this.again(event.reason || "connection lost");
    };
  }

  again(why) {
    this.socket = null;
    this.trouble = why;
    this.clock.forget();
    this.pending.clear();
    this.phases.clear();
    clearTimeout(this.due);
    this.due = setTimeout(() => this.open(), this.wait);
    this.wait = Math.min(2 * this.wait, LONGEST_MS);
    this.changed();
  }

  // Every now and then: ask what time it is, and give up a connection that says nothing.
  look() {
    const now = performance.now();
    if (this.socket && now - this.heardMs > SILENT_MS) {
      const socket = this.socket;
      this.again("connection silent");
      socket.close();
    } else if (this.socket?.readyState === WebSocket.OPEN && now - (this.pinged ?? 0) > PING_MS) {
      this.ping();
    }
  }

  ping() {
    this.pinged = performance.now();
    this.send({type: "ping", sent: this.pinged / 1000});
  }

  send(message) {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  watchImages(on) {
    if (on === this.images) return;
    this.images = on;
    this.send({type: "images", on});
  }

  // Ask for something that was meant at a time, ms as events have it; whether it could be sent.
  ask(command, timeStamp = performance.now()) {
    if (!this.plays) return false;
    const id = ++this.number, control = command.target || command.do;
    this.send({type: "command", id, ...command, at: this.clock.at(timeStamp)});
    this.pending.set(id, control);
    this.phase(control, "sent", LOST_MS);
    return true;
  }

  phase(control, phase, forMs) {
    clearTimeout(this.phases.get(control)?.timer);
    const timer = setTimeout(() => {
      this.phases.delete(control);
      this.changed();
    }, forMs);
    this.phases.set(control, {phase, timer});
    this.changed();
  }

  phaseOf(control) {
    return this.phases.get(control)?.phase ?? "";
  }

  hear(message) {
    switch (message.type) {
      case "snapshot":
        if (message.protocol !== PROTOCOL) {
          location.reload();
          return;
        }
        this.state = message.state;
        this.role = message.role;
        this.trouble = "";
        break;
      case "patch":
        this.state = {...this.state, ...message.set};
        break;
      case "pong":
        this.clock.hear(message.sent, performance.now() / 1000, message.now);
        break;
      case "ack":
        if (this.newest(message.id)) this.phase(this.pending.get(message.id), "acknowledged", 60000);
        break;
      case "heard":
        if (this.newest(message.id)) this.phase(this.pending.get(message.id), "heard", HEARD_MS);
        this.pending.delete(message.id);
        break;
      case "error":
        this.refused = {text: `${message.error}. ${message.cure}`, at: performance.now()};
        if (this.newest(message.id)) this.phase(this.pending.get(message.id), "refused", 2000);
        this.pending.delete(message.id);
        break;
    }
    this.changed();
  }

  // Whether a command is the newest of its control: of a slider that is drawn the last one counts.
  newest(id) {
    const control = this.pending.get(id);
    if (control === undefined) return false;
    for (const [other, its] of this.pending) if (its === control && other > id) return false;
    return true;
  }
}

// Come in with the token of a link, which is then taken out of what the browser shows.
export async function comeIn() {
  const token = location.hash.slice(1);
  if (!token) return "";
  history.replaceState(null, "", "/");
  const answer = await fetch("/login", {
    method: "POST",
    headers: {"content-type": "application/json"},
    credentials: "same-origin",
    body: JSON.stringify({token}),
  });
  return answer.ok ? "" : (await answer.json().catch(() => ({error: "refused"}))).error;
}
