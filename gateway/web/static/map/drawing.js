// One map in the page: MapLibre on the offline base map, with the layers that the server gives.
import { DAY, NIGHT, isNight } from "./colours.js";
import { box, ellipses } from "./shapes.js";
import { drawSeldom, isSlow } from "./slow.js";
import { OWN, style } from "./style.js";

const NOTHING = { type: "FeatureCollection", features: [] };
const VENDOR = "/static/vendor/";
const STARTS_MS = 20000;
const MOST_ELLIPSES = 40; // those of more shots would hide each other, and the street
const STREET_ZOOM = 17;
const POINTED = ["rounds", "calls", "past", "clusters", "cameras", "poles", "lamps"];

/** Load what draws. Throws where the base map, MapLibre or WebGL is not to be had. */
export async function draw(frame, base) {
  if (!document.createElement("canvas").getContext("webgl2")) throw new Error("no WebGL");
  const [maplibre] = await Promise.all([import(`${VENDOR}maplibre-gl.js`), classic("pmtiles.js"), sheet("maplibre-gl.css")]);
  maplibre.setWorkerUrl(`${VENDOR}maplibre-gl-worker.js`);
  const archive = new window.pmtiles.PMTiles(new URL(base, location.href).href);
  const header = await archive.getHeader();
  const protocol = new window.pmtiles.Protocol();
  protocol.add(archive);
  maplibre.addProtocol("pmtiles", protocol.tile);
  const drawing = new Drawing(maplibre, frame, `pmtiles://${archive.source.getKey()}`, header);
  await drawing.ready();
  return drawing;
}

class Drawing {
  constructor(maplibre, frame, base, header) {
    this.frame = frame;
    this.base = base;
    this.maplibre = maplibre;
    this.layers = {};
    this.chosen = null;
    this.moved_ms = -Infinity;
    this.canvas = document.createElement("div");
    this.canvas.className = "map-canvas";
    frame.append(this.canvas);
    this.map = new maplibre.Map({
      container: this.canvas, style: style(isNight() ? NIGHT : DAY, base), attributionControl: false, maxPitch: 0,
      bounds: [[header.minLon, header.minLat], [header.maxLon, header.maxLat]], dragRotate: false, pitchWithRotate: false,
      touchPitch: false, fadeDuration: 0, minZoom: Math.max(header.minZoom - 1, 0), maxZoom: 20,
      pixelRatio: Math.min(devicePixelRatio, 2),
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(new maplibre.NavigationControl({ showCompass: false }));
    this.map.addControl(new maplibre.ScaleControl());
    this.map.addControl(new maplibre.AttributionControl({ compact: false, customAttribution: escaped(frame.dataset.attribution) }));
    this.popup = new maplibre.Popup({ closeButton: false, closeOnClick: false, maxWidth: "18rem", focusAfterOpen: false });
    if (isSlow()) drawSeldom(this.map);
    this.listen();
  }

  listen() {
    const { map } = this;
    for (const kind of ["dragstart", "zoomstart"]) map.on(kind, (event) => { if (event.originalEvent) this.moved_ms = performance.now(); });
    map.on("moveend", () => this.drawEllipses());
    map.on("error", ({ sourceId }) => { if (sourceId === "city") this.frame.dispatchEvent(new CustomEvent("map:damaged")); });
    map.on("webglcontextlost", () => this.frame.dispatchEvent(new CustomEvent("map:lost")));
    map.on("mousemove", (event) => this.point(event.point));
    map.on("mouseout", () => this.popup.remove());
    map.on("click", (event) => this.press(event.point));
    const again = () => this.restyle();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
    new MutationObserver(again).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  }

  ready() {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error("the map does not start")), STARTS_MS);
      this.map.once("load", () => { clearTimeout(late); resolve(); });
    });
  }

  restyle() {
    this.map.once("styledata", () => this.fill());
    this.map.setStyle(style(isNight() ? NIGHT : DAY, this.base), { diff: false });
  }

  /** layers : as the server gives them; what of them is new is looked at, unless somebody is moving the map. */
  show(layers) {
    const known = this.names();
    const isFirst = this.layers.shots === undefined;
    this.layers = { ...this.layers, ...layers };
    this.fill();
    const news = [...this.names()].filter((name) => !known.has(name));
    if (isFirst) this.lookAtAll();
    else if (news.length && performance.now() - this.moved_ms > 30000) this.choose(news[0]);
  }

  names() {
    return new Set((this.layers.shots || NOTHING).features.map(({ properties }) => properties.name));
  }

  fill() {
    const { shots = NOTHING, rounds = NOTHING } = this.layers;
    const isCall = ({ properties }) => properties.state === "open" || properties.name === this.chosen;
    const hidden = rounds.features.length ? this.chosen || shots.features[0]?.properties.name : null;
    const at = shots.features.filter(({ properties }) => properties.name !== hidden);
    this.set("calls", at.filter(isCall).reverse()); // the newest on top
    this.set("past", at.filter((shot) => !isCall(shot)));
    this.set("rounds", [...rounds.features].reverse());
    for (const name of ["poles", "lamps", "cameras", "views"]) this.set(name, (this.layers[name] || NOTHING).features);
    this.drawEllipses();
  }

  set(name, features) {
    this.map.getSource(name)?.setData({ type: "FeatureCollection", features });
  }

  /** Of rounds, of the shot that was chosen, and of the newest others that are in sight and large enough to be seen. */
  drawEllipses() {
    const { shots = NOTHING, rounds = NOTHING, scales } = this.layers;
    if (!scales) return;
    const bounds = this.map.getBounds();
    const isNear = this.map.getZoom() >= 13;
    const seen = shots.features.filter(({ geometry, properties }) =>
      properties.name === this.chosen || (isNear && properties.state === "open" && bounds.contains(geometry.coordinates)));
    const wanted = rounds.features.length ? rounds.features : seen.slice(0, MOST_ELLIPSES);
    const drawn = wanted.flatMap((shot) => ellipses(shot, scales));
    this.set("ellipses", drawn);
    this.frame.dataset.ellipses = drawn.length;
  }

  lookAtAll() {
    const { rounds = NOTHING, poles = NOTHING, shots = NOTHING } = this.layers;
    const around = [rounds.features, poles.features, shots.features].find((features) => features.length);
    if (around) this.map.fitBounds(box(around), { padding: 50, animate: false, maxZoom: 18 });
  }

  /** Look at something by its name. kind : of the layers that the server gives. Comes back: whether it is there. */
  choose(name, kind = "shots") {
    const found = this.find(name, kind);
    if (!found) return false;
    if (kind === "shots") this.chosen = name;
    this.fill();
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.map.easeTo({ center: found.geometry.coordinates, zoom: Math.max(this.map.getZoom(), STREET_ZOOM), animate: !isStill, duration: 500 });
    this.tell(found);
    return true;
  }

  /** Say what an incident is, where it is in sight; the map does not move. */
  glance(name) {
    const found = this.find(name, "shots");
    if (found && this.map.getBounds().contains(found.geometry.coordinates)) this.tell(found);
  }

  find(name, kind) {
    return (this.layers[kind] || NOTHING).features.find(({ properties }) => properties.name === name);
  }

  point(at) {
    if (this.map.isMoving()) return;
    const found = this.map.queryRenderedFeatures(at, { layers: POINTED })[0];
    this.map.getCanvas().style.cursor = found ? "pointer" : "";
    if (found) this.tell(found);
    else this.popup.remove();
  }

  press(at) {
    const found = this.map.queryRenderedFeatures(at, { layers: POINTED })[0];
    if (!found) return;
    if (found.layer.id === "clusters") {
      this.map.easeTo({ center: found.geometry.coordinates, zoom: this.map.getZoom() + 2 });
    } else if (["calls", "past"].includes(found.layer.id)) {
      this.choose(found.properties.name);
    }
  }

  tell({ geometry, properties }) {
    if (properties.point_count) return;
    const told = document.createElement("p");
    told.textContent = described(properties);
    this.popup.setLngLat(geometry.coordinates).setDOMContent(told).addTo(this.map);
  }

  remove() {
    this.map.remove();
    this.canvas.remove();
  }
}

/** In one line, of what the server wrote: no words of our own. */
export function described({ words, name }) {
  return words ? `${name}: ${words}` : name;
}

function escaped(words = "") {
  const told = document.createElement("span");
  told.textContent = words;
  return told.innerHTML;
}

function classic(name) {
  return new Promise((resolve, reject) => {
    if (window.pmtiles) { resolve(); return; }
    const script = Object.assign(document.createElement("script"), { src: VENDOR + name, onload: resolve });
    script.onerror = () => reject(new Error(`${name} does not load`));
    document.head.append(script);
  });
}

function sheet(name) {
  return new Promise((resolve, reject) => {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: VENDOR + name, onload: resolve });
    link.onerror = () => reject(new Error(`${name} does not load`));
    document.head.prepend(link);
  });
}
