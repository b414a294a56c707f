// A picture that is slow to draw (no graphics card: the browser's software renderer) still follows the hand: while it is
// moved, the picture drawn last is shifted and scaled, and a new one is drawn twice a second and when it comes to rest.
const BETWEEN_MS = 500;

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
  let last_ms = -Infinity;
  let drawn = null;
  painter.render = (...given) => {
    if (drawn && map.isMoving() && performance.now() - last_ms < BETWEEN_MS) {
      const at = map.project(drawn.center);
      const scale = 2 ** (map.getZoom() - drawn.zoom);
      canvas.style.transform = `translate(${at.x - canvas.clientWidth / 2}px, ${at.y - canvas.clientHeight / 2}px) scale(${scale})`;
      return;
    }
    paint(...given);
    canvas.style.transform = "";
    last_ms = performance.now();
    drawn = { center: map.getCenter(), zoom: map.getZoom() };
  };
  map.on("moveend", () => map.triggerRepaint());
}
