// The keys of the terminal's screen.
const TARGETS = {
  " ": "tap", d: "downbeat", f: "follow", b: "bypass", k: "kill", m: "mute", c: "cancel", p: "panic",
  n: "part-next",
};
for (let n = 1; n <= 9; n++) TARGETS[n] = `slot${n}`;

const OWN_KEYS = {BUTTON: [" ", "Enter"], INPUT: [" "], TEXTAREA: null};

// What a key asks for; null where it is meant for what has the focus.
function targetOf(event) {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return null;
  const own = OWN_KEYS[event.target.tagName];
  if (own === null || own?.includes(event.key)) return null;
  return TARGETS[event.key] ?? null;
}

export function listen(link, isLocked) {
  addEventListener("keydown", (event) => {
    const target = targetOf(event);
    if (!target || (isLocked() && target !== "panic")) return;
    event.preventDefault();
    link.ask({do: "press", target}, event.timeStamp);
  });
}
