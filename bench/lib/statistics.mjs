// From rounds to figures.

/** @param {number[]} values at least one */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Two equal servers never differ by exactly nothing; a band below this would be luck. */
const LEAST_NOISE = 0.01;

/**
 * How far a server was from its own twin: the widest that any round saw, so that a ratio beyond it needs another reason
 * than chance.
 *
 * @param {number[]} costs of each round
 * @param {number[]} twinCosts of the same rounds
 * @returns {number} 0.03 for a band of 3 % on both sides
 */
export function noiseBand(costs, twinCosts) {
  const deviations = costs.map((cost, round) => {
    const ratio = cost / twinCosts[round];
    return Math.max(ratio, 1 / ratio) - 1;
  });
  return Math.max(LEAST_NOISE, ...deviations);
}

/**
 * @param {number} ratio
 * @param {number} noise
 */
export const isOutside = (ratio, noise) => Math.max(ratio, 1 / ratio) > 1 + noise;
