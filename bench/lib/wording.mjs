// How figures are written, the same in table, page and chart.

const figures = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** Three significant digits, but never less than all digits before the point. */
export const number = value => (value >= 1000 ? whole : figures).format(value);

export const percent = value => `${number(value * 100)} %`;

export const times = ratio => `${ratio.toFixed(2)}×`;

/** @param {number | null | undefined} microseconds */
export function latency(microseconds) {
  if (microseconds === null || microseconds === undefined) return '–';
  return microseconds < 1000 ? `${whole.format(microseconds)} µs` : `${number(microseconds / 1000)} ms`;
}

export const mebibytes = bytes => `${number(bytes / 1024 ** 2)} MiB`;

/** @param {import('./scenario.mjs').Scenario} scenario */
export const unitOf = scenario => ('unit' in scenario ? scenario.unit : 'µs');

/** @param {import('./scenario.mjs').Scenario} scenario */
export const quantityOf = scenario => ('quantity' in scenario ? scenario.quantity : 'CPU per request');

/** @param {{ rounds: number, duration: number }} settings */
export const roundsOf = ({ rounds, duration }) =>
  `${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${duration} s`;
