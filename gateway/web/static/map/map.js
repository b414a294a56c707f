// Maps of the page. Each `[data-layers]` holds the street plan as the server drew it; where this browser can, the plan
// gives way to a map that moves. data-layers: where its GeoJSON is; data-base: the PMTiles file; data-attribution: who
// made it; data-words: words in the reader's language, as JSON; data-show: the incident to look at first. The page tells
// of news by the event `news` of the frame, and shows an incident by a link to `/?show=` it.
import { draw } from "./drawing.js";
import { List } from "./list.js";

const LEAST_MS = 400; // between two looks at the server

class Frame {
  constructor(frame) {
    this.frame = frame;
    this.words = JSON.parse(frame.dataset.words || "{}");
    this.drawing = null;
    this.asked_ms = -Infinity;
    this.asking = null;
  }

  async start() {
    const { frame } = this;
    frame.dataset.state = "starting";
    try {
      this.drawing = await draw(frame, frame.dataset.base);
      this.list = new List(frame, this.words, (name, kind) => this.drawing.choose(name, kind));
      await this.look();
    } catch (error) {
      this.giveUp(error);
      return;
    }
    frame.dataset.state = "map";
    frame.querySelector(".map-plan")?.classList.add("drawn"); // nobody needs to bring the plan up to date
    frame.addEventListener("map:lost", () => this.giveUp(new Error("WebGL was lost")));
    frame.addEventListener("map:damaged", () => this.note(this.words.damaged));
    frame.addEventListener("news", () => this.soon());
    document.addEventListener("click", (event) => this.follow(event));
    for (const kind of ["focusin", "mouseover"]) document.addEventListener(kind, ({ target }) => this.glance(target));
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.soon(); });
    if (frame.dataset.show) this.drawing.choose(frame.dataset.show);
  }

  /** The server's plan again, and one word why. */
  giveUp(error) {
    this.drawing?.remove();
    this.list?.remove();
    this.drawing = null;
    this.frame.querySelectorAll(".map-canvas").forEach((each) => each.remove());
    this.frame.dataset.state = "plan";
    this.frame.querySelector(".map-plan")?.classList.remove("drawn");
    this.note(this.words.plan);
    console.warn(`soundpost: the map is drawn as a plan: ${error.message}`);
  }

  note(words) {
    if (!words || this.frame.querySelector(".map-note")) return;
    const told = Object.assign(document.createElement("p"), { className: "map-note soft", textContent: words });
    this.frame.append(told);
  }

  /** A link of the page that shows an incident on the map needs no new page. */
  follow(event) {
    const link = event.target.closest?.('a[href^="/?show="]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (!this.drawing?.choose(new URL(link.href).searchParams.get("show"))) return;
    event.preventDefault();
    this.frame.scrollIntoView({ block: "nearest" });
  }

  glance(target) {
    const name = target.closest?.("[data-incident]")?.dataset.incident;
    if (name) this.drawing?.glance(name);
  }

  soon() {
    if (this.asking || !this.drawing) return;
    const wait_ms = Math.max(0, this.asked_ms + LEAST_MS - performance.now());
    this.asking = setTimeout(() => {
      this.asking = null;
      this.look().catch((error) => console.warn(`soundpost: the map was not brought up to date: ${error.message}`));
    }, wait_ms);
  }

  async look() {
    this.asked_ms = performance.now();
    const answer = await fetch(this.frame.dataset.layers, { headers: { Accept: "application/json" }, credentials: "same-origin" });
    if (!answer.ok) throw new Error(`${answer.status}`);
    const layers = await answer.json();
    this.drawing?.show(layers);
    this.list?.show(layers);
  }
}

for (const frame of document.querySelectorAll("[data-layers][data-base]")) {
  const made = new Frame(frame);
  frame.soundpost = made;
  made.start();
}
