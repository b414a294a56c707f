// What the map draws, from below: the base map's ground, water, houses, rails, streets and their names; then what
// stands in the street; then what was fired. There is no `glyphs` in it: the browser draws the letters itself, from the
// fonts of the device, so that none are fetched.
const LETTERS = ["system-ui", "DejaVu Sans", "sans-serif"];
const NOTHING = { type: "FeatureCollection", features: [] };
const WIDTHS = { major: [2, 9, 22], middle: [1.4, 7, 18], minor: [0.8, 5, 14], service: [0.4, 2, 8], path: [0.3, 1, 2] };

export const OWN = ["views", "ellipses", "lamps", "poles", "cameras", "past", "calls", "rounds"];

export function style(colours, base) {
  const sources = Object.fromEntries(OWN.map((name) => [name, { type: "geojson", data: NOTHING }]));
  Object.assign(sources.past, { cluster: true, clusterMaxZoom: 15, clusterRadius: 36 });
  sources.city = { type: "vector", url: base };
  return { version: 8, sources, layers: [...ground(colours), ...street(colours), ...shots(colours)] };
}

function ground(c) {
  const area = (name, colour, more) =>
    ({ id: name, type: "fill", source: "city", "source-layer": name, paint: { "fill-color": colour, ...more } });
  const line = (name, colour) =>
    ({ id: name, type: "line", source: "city", "source-layer": name, paint: { "line-color": colour, "line-width": 1.2 } });
  return [
    { id: "ground", type: "background", paint: { "background-color": c.ground } },
    area("park", c.park),
    area("water", c.water),
    line("stream", c.water),
    area("building", c.building, { "fill-outline-color": c.edge }),
    line("rail", c.rail),
    road("casing", c.casing, 2),
    road("road", c.road, 0),
    {
      id: "names", type: "symbol", source: "city", "source-layer": "road", minzoom: 14, filter: ["has", "name"],
      layout: { "symbol-placement": "line", "text-field": ["get", "name"], "text-font": LETTERS, "text-size": 12,
        "symbol-spacing": 350 },
      paint: { "text-color": c.words, "text-halo-color": c.halo, "text-halo-width": 1.5 },
    },
  ];
}

function road(id, colour, more) {
  const at = (step) => ["match", ["get", "kind"], ...Object.entries(WIDTHS).flatMap(([kind, w]) => [kind, w[step] + more]), 1];
  return {
    id, type: "line", source: "city", "source-layer": "road", layout: { "line-cap": "round", "line-join": "round" },
    paint: { "line-color": colour, "line-width": ["interpolate", ["exponential", 1.6], ["zoom"], 12, at(0), 16, at(1), 19, at(2)] },
  };
}

function street(c) {
  return [
    { id: "views", type: "fill", source: "views", minzoom: 14,
      paint: { "fill-color": c.camera, "fill-opacity": ["match", ["get", "state"], "aimed", 0.25, 0.07] } },
    { id: "aims", type: "line", source: "views", minzoom: 14, filter: ["==", ["get", "state"], "aimed"],
      paint: { "line-color": c.camera, "line-width": 1.5 } },
    { id: "lamps", type: "circle", source: "lamps", minzoom: 14,
      paint: { "circle-radius": ["match", ["get", "state"], "lit", 13, 7], "circle-color": c.lit,
        "circle-opacity": ["match", ["get", "state"], "lit", 0.45, 0], "circle-stroke-color": ["match", ["get", "state"], "fault", c.ill, c.silent],
        "circle-stroke-width": ["match", ["get", "state"], "lit", 0, 1] } },
    { id: "poles", type: "circle", source: "poles",
      paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], 11, 2, 16, 6],
        "circle-color": ["match", ["get", "state"], "well", c.well, "alarm", c.ill, c.panel],
        "circle-stroke-color": ["match", ["get", "state"], "well", c.panel, "alarm", c.panel, c.silent], "circle-stroke-width": 1.5 } },
    words("pole-marks", "poles", ["match", ["get", "state"], "alarm", "!", "silent", "?", ""], c.panel,
      { minzoom: 15, layout: { "text-size": 11 }, paint: { "text-color": ["match", ["get", "state"], "alarm", c.panel, c.silent], "text-halo-width": 0 } }),
    words("pole-names", "poles", ["get", "name"], c.words, { minzoom: 17, halo: c.halo, layout: { "text-offset": [0, 1.2], "text-allow-overlap": false } }),
    { id: "cameras", type: "circle", source: "cameras", minzoom: 13,
      paint: { "circle-radius": 6, "circle-color": c.panel, "circle-stroke-color": c.camera, "circle-stroke-width": 2.5 } },
    words("camera-names", "cameras", ["get", "name"], c.words, { minzoom: 16, halo: c.halo, layout: { "text-offset": [0, 1.3], "text-allow-overlap": false } }),
  ];
}

function shots(c) {
  const grade = ["match", ["get", "grade"], "A", c.a, "B", c.b, c.c];
  const dot = (id, source, radius, more) => ({ id, type: "circle", source, filter: ["!", ["has", "point_count"]],
    paint: { "circle-radius": radius, "circle-color": grade, "circle-stroke-color": c.panel, "circle-stroke-width": 1.5, ...more } });
  return [
    { id: "ellipses", type: "fill", source: "ellipses", paint: { "fill-color": grade, "fill-opacity": 0.1 } },
    { id: "rims", type: "line", source: "ellipses",
      paint: { "line-color": grade, "line-width": ["match", ["get", "percent"], "95", 2, 1], "line-opacity": ["match", ["get", "percent"], "95", 1, 0.7] } },
    { id: "clusters", type: "circle", source: "past", filter: ["has", "point_count"],
      paint: { "circle-radius": ["step", ["get", "point_count"], 10, 10, 13, 100, 17], "circle-color": c.panel, "circle-opacity": 0.85,
        "circle-stroke-color": c.silent, "circle-stroke-width": 1.5 } },
    words("cluster-counts", "past", ["to-string", ["get", "point_count"]], c.words, { filter: ["has", "point_count"] }),
    dot("past", "past", 6, { "circle-opacity": 0.75 }),
    dot("calls", "calls", 10, {}),
    words("call-grades", "calls", ["get", "grade"], c.on, {}),
    dot("rounds", "rounds", 9, {}),
    words("round-numbers", "rounds", ["get", "name"], c.on, {}),
  ];
}

function words(id, source, field, colour, { minzoom = 0, filter = true, halo = colour, layout = {}, paint = {} }) {
  return { id, type: "symbol", source, minzoom, filter: ["all", filter],
    layout: { "text-field": field, "text-font": LETTERS, "text-size": 12, "text-allow-overlap": true, ...layout },
    paint: { "text-color": colour, "text-halo-color": halo, "text-halo-width": halo === colour ? 0 : 1.5, ...paint } };
}
