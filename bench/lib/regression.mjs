// Does a row of measurements grow?

/** Two-sided 95 % of the normal distribution; samples are many. */
const CONFIDENCE = 1.96;

/**
 * The line through points, by least squares.
 *
 * @param {readonly (readonly [x: number, y: number])[]} points at least three
 * @returns {{ slope: number, error: number }} per unit of x; `error` is half the 95 % confidence interval. Neighbouring
 *   samples resemble each other, so it is widened by how much they do.
 */
export function trend(points) {
  const mean = at => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [x0, y0] = [mean(0), mean(1)];
  let xx = 0;
  let xy = 0;
  for (const [x, y] of points) {
    xx += (x - x0) ** 2;
    xy += (x - x0) * (y - y0);
  }
  const slope = xy / xx;
  const residuals = points.map(([x, y]) => y - y0 - slope * (x - x0));
  const squares = residuals.reduce((sum, residual) => sum + residual ** 2, 0);
  const products = residuals.slice(1).reduce((sum, residual, at) => sum + residual * residuals[at], 0);
  const likeness = squares === 0 ? 0 : Math.min(0.95, Math.max(0, products / squares));
  const independent = (points.length * (1 - likeness)) / (1 + likeness);
  const deviation = Math.sqrt(squares / Math.max(1, independent - 2));
  const spread = Math.sqrt((xx / points.length) * Math.max(1, independent));
  return { slope, error: (CONFIDENCE * deviation) / spread };
}
