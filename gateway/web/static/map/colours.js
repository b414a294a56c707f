// The map's colours, by day and by night. Every meaning has a letter, a shape or words beside its colour.
export const DAY = {
  ground: "#f3f2ee", park: "#dfead6", water: "#bcd7e8", building: "#e3ddd3", edge: "#cfc6b8", rail: "#a9a29a",
  casing: "#d3cec5", road: "#ffffff", path: "#d9c9b0", words: "#4a4f55", halo: "#f7f6f2",
  a: "#b3261e", b: "#8a4b00", c: "#46535f", on: "#ffffff", well: "#2f6690", ill: "#7a3fa8", silent: "#5d6873",
  lit: "#e59a00", camera: "#10684e", panel: "#ffffff", chosen: "#0b57d0",
};
export const NIGHT = {
  ground: "#14181c", park: "#182218", water: "#15242f", building: "#20262c", edge: "#2c343c", rail: "#4a4f55",
  casing: "#0f1215", road: "#343c44", path: "#3a3630", words: "#a8b2bc", halo: "#14181c",
  a: "#ff8a7d", b: "#f2b862", c: "#b4bec8", on: "#14110f", well: "#7db4de", ill: "#d2a4f5", silent: "#9aa5b0",
  lit: "#ffc857", camera: "#4fd1a5", panel: "#181d22", chosen: "#8ab4ff",
};

/** What the reader chose, or their device. */
export function isNight() {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}
