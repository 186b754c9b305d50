// The server's clock, as seen from here: of the last answers the one that was on its way shortest
// says the most.
const KEPT = 12;

export class ServerClock {
  constructor() {
    this.samples = [];
  }

  // A ping that was sent at `sent` and came back at `back`, s of this page, said that it was `now`.
  hear(sent, back, now) {
    this.samples.push({trip: back - sent, offset: now - (sent + back) / 2});
    this.samples = this.samples.slice(-KEPT);
  }

  forget() {
    this.samples = [];
  }

  get known() {
    return this.samples.length > 0;
  }

  // Seconds of the server at a time of this page, ms as events have it.
  at(timeStamp) {
    const best = this.samples.reduce((a, b) => (a.trip <= b.trip ? a : b));
    return timeStamp / 1000 + best.offset;
  }
}
