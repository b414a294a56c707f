// Ellipses and boxes in degrees.
const M_PER_DEG = (Math.PI * 6371000) / 180;
const POINTS = 40;

/** Those of one shot, the widest first; scales: per cent -> of the 95 % one's axes. */
export function ellipses(shot, scales) {
  const { major_m, minor_m, azimuth_deg, grade, name } = shot.properties;
  return ["95", "90", "50"].map((percent) => ({
    type: "Feature",
    geometry: { type: "Polygon", coordinates: [ring(shot, major_m * scales[percent], minor_m * scales[percent], azimuth_deg)] },
    properties: { percent, grade, name },
  }));
}

function ring(shot, major_m, minor_m, azimuth_deg) {
  const [lon, lat] = shot.geometry.coordinates;
  const turn = (azimuth_deg * Math.PI) / 180;
  const points = [];
  for (let i = 0; i < POINTS; i += 1) {
    const along = major_m * Math.cos((2 * Math.PI * i) / POINTS);
    const across = minor_m * Math.sin((2 * Math.PI * i) / POINTS);
    const east = along * Math.sin(turn) - across * Math.cos(turn);
    const north = along * Math.cos(turn) + across * Math.sin(turn);
    points.push([lon + east / (M_PER_DEG * Math.cos((lat * Math.PI) / 180)), lat + north / M_PER_DEG]);
  }
  points.push(points[0]);
  return points;
}

/** [[west, south], [east, north]] of points, at least so many metres to each side of their middle; or null. */
export function box(features, least_m = 120) {
  if (!features.length) return null;
  const lons = features.map(({ geometry }) => geometry.coordinates[0]);
  const lats = features.map(({ geometry }) => geometry.coordinates[1]);
  const [west, east, south, north] = [Math.min(...lons), Math.max(...lons), Math.min(...lats), Math.max(...lats)];
  const high = least_m / M_PER_DEG;
  const wide = high / Math.cos((((south + north) / 2) * Math.PI) / 180);
  const [lon, lat] = [(west + east) / 2, (south + north) / 2];
  return [[Math.min(west, lon - wide), Math.min(south, lat - high)], [Math.max(east, lon + wide), Math.max(north, lat + high)]];
}
