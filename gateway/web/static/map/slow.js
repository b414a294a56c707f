// A picture that is slow to draw (no graphics card: the browser's software renderer) still follows the hand: while it is
// moved, the picture drawn last is shifted and scaled. A new one is drawn when the hand rests, and once a second.
const BETWEEN_MS = 1000;
const REST_MS = 400; // longer than a frame on a machine that is short of breath

/** Whether this browser draws WebGL without a graphics card. */
export function isSlow() {
  const gl = document.createElement("canvas").getContext("webgl2");
  const told = gl?.getExtension("WEBGL_debug_renderer_info");
  return /swiftshader|llvmpipe|software/i.test(told ? gl.getParameter(told.UNMASKED_RENDERER_WEBGL) : "");
}

/** map : a MapLibre map; its painter is taken in hand, which is no part of its documented interface (6.17). */
export function drawSeldom(map) {
  const { painter } = map;
  const paint = painter.render.bind(painter);
  const canvas = map.getCanvas();
  let due_ms = 0;
  let drawn = null;
  let resting = 0;
  painter.render = (...given) => {
    clearTimeout(resting);
    if (drawn && map.isMoving() && performance.now() < due_ms) {
      const at = map.project(drawn.center);
      const scale = 2 ** (map.getZoom() - drawn.zoom);
      canvas.style.transform = `translate(${at.x - canvas.clientWidth / 2}px, ${at.y - canvas.clientHeight / 2}px) scale(${scale})`;
      resting = setTimeout(() => { due_ms = 0; map.triggerRepaint(); }, REST_MS);
      return;
    }
    paint(...given);
    canvas.style.transform = "";
    due_ms = performance.now() + BETWEEN_MS;
    drawn = { center: map.getCenter(), zoom: map.getZoom() };
  };
  map.on("moveend", () => map.triggerRepaint());
}
