// What is on the map, as a list that keyboard and screen reader reach: each entry shows itself on the map.
import { described } from "./drawing.js";

const MOST = 50; // of a kind, the first ones: of shots these are the newest
const KINDS = ["rounds", "shots", "poles", "cameras", "lamps"];

export class List {
  /** words : of each kind its heading; `list` : what opens it. */
  constructor(frame, words, choose) {
    this.words = words;
    this.choose = choose;
    this.layers = {};
    this.box = document.createElement("details");
    this.box.className = "map-list";
    const summary = document.createElement("summary");
    summary.textContent = words.list;
    this.body = document.createElement("div");
    this.box.append(summary, this.body);
    this.box.addEventListener("toggle", () => this.fill());
    frame.append(this.box);
  }

  show(layers) {
    this.layers = layers;
    this.fill();
  }

  fill() {
    if (!this.box.open) return;
    const held = document.activeElement?.dataset?.onMap;
    this.body.replaceChildren(...KINDS.flatMap((kind) => this.part(kind, this.layers[kind]?.features || [])));
    if (held) this.body.querySelector(`[data-on-map="${CSS.escape(held)}"]`)?.focus();
  }

  part(kind, features) {
    if (!features.length) return [];
    const heading = document.createElement("h3");
    heading.textContent = features.length > MOST ? `${this.words[kind]} (${MOST} / ${features.length})` : `${this.words[kind]} (${features.length})`;
    const list = document.createElement("ul");
    list.append(...features.slice(0, MOST).map(({ properties }) => this.entry(properties, kind)));
    return [heading, list];
  }

  entry(properties, kind) {
    const item = document.createElement("li");
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: described(properties) });
    button.dataset.onMap = `${kind} ${properties.name}`;
    button.addEventListener("click", () => this.choose(properties.name, kind));
    item.append(button);
    return item;
  }

  remove() {
    this.box.remove();
  }
}
