// Two short tones when something new comes. A browser lets a page sound only after somebody pressed something on it, so
// the button says whether it will.
const button = document.getElementById("sound");
const KEPT = "soundpost-sound";
let context = null;

function isOn() {
  return context !== null && context.state === "running";
}

function show() {
  if (!button) return;
  button.hidden = false;
  button.setAttribute("aria-pressed", String(isOn()));
  button.textContent = isOn() ? button.dataset.on : button.dataset.off;
}

async function start() {
  context ??= new AudioContext();
  await context.resume();
  show();
}

export function alarm() {
  if (!isOn()) return;
  for (const [index, hz] of [880, 1174.7].entries()) {
    const tone = context.createOscillator();
    const loud = context.createGain();
    const at = context.currentTime + index * 0.22;
    tone.frequency.value = hz;
    loud.gain.setValueAtTime(0.0001, at);
    loud.gain.exponentialRampToValueAtTime(0.35, at + 0.02);
    loud.gain.exponentialRampToValueAtTime(0.0001, at + 0.2);
    tone.connect(loud).connect(context.destination);
    tone.start(at);
    tone.stop(at + 0.21);
  }
}

if (button) {
  button.addEventListener("click", async () => {
    if (isOn()) {
      await context.suspend();
      localStorage.removeItem(KEPT);
    } else {
      await start();
      localStorage.setItem(KEPT, "on");
      alarm();
    }
    show();
  });
  // Whoever had it on gets it on again with the first press anywhere.
  if (localStorage.getItem(KEPT)) document.addEventListener("pointerdown", () => start(), { once: true });
  show();
}
