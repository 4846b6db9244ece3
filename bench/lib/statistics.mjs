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
 * What a server costs: the lowest of its rounds. A neighbour on the machine can only add to the CPU time of a request
 * (caches, clock, the other half of a core), so the quietest round is the nearest to the truth.
 *
 * @param {number[]} costs of each round
 */
export const quietest = costs => Math.min(...costs);

/**
 * How far a server was from its own twin, so that a ratio beyond it needs another reason than chance.
 *
 * @param {number[]} costs of each round
 * @param {number[]} twinCosts of the same rounds
 * @returns {number} 0.03 for a band of 3 % on both sides
 */
export function noiseBand(costs, twinCosts) {
  const ratio = quietest(costs) / quietest(twinCosts);
  return Math.max(LEAST_NOISE, Math.max(ratio, 1 / ratio) - 1);
}

/**
 * @param {number} ratio
 * @param {number} noise
 */
export const isOutside = (ratio, noise) => Math.max(ratio, 1 / ratio) > 1 + noise;
