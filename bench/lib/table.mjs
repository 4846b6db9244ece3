// One scenario's outcome as rows of text, for the terminal and for the page.
import { latency, mebibytes, number, percent, quantityOf, times, unitOf } from './wording.mjs';

/**
 * @param {import('./scenario.mjs').Scenario} scenario
 * @param {import('./contest.mjs').Outcome} outcome
 * @param {(text: string) => string} mark what is done to ratios outside the noise band
 * @returns {string[][]} the first row is the head
 */
export function cells(scenario, { rows, against }, mark) {
  const underLoad = rows[0]?.requestsPerSecond !== undefined;
  const head = ['server', `${quantityOf(scenario)}, ${unitOf(scenario)}`, `× ${against}`];
  if (underLoad) head.push('requests/s', 'p50', 'p99', 'busy', 'peak memory');
  const body = rows.map(row => {
    const line = [row.title, number(row.cost), ratioOf(row, mark)];
    if (underLoad) {
      line.push(
        number(row.requestsPerSecond),
        latency(row.p50),
        latency(row.p99),
        percent(row.busy),
        mebibytes(row.peakMemory),
      );
    }
    return line;
  });
  return [head, ...body];
}

function ratioOf({ ratio, outsideNoise }, mark) {
  if (ratio === null) return '–';
  return outsideNoise ? mark(times(ratio)) : times(ratio);
}

/** Names to the left, figures to the right. */
export function forTerminal(table) {
  const widths = table[0].map((_, column) => Math.max(...table.map(line => line[column].length)));
  const align = (text, column) =>
    column === 0 ? text.padEnd(widths[column]) : text.padStart(widths[column]);
  return table.map(line => `  ${line.map(align).join('  ')}`).join('\n');
}

export function forMarkdown([head, ...body]) {
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [head, rule, ...body].map(line => `| ${line.join(' | ')} |`).join('\n');
}

/** @param {import('./contest.mjs').Outcome} outcome */
export function noiseSentence({ noise, pair }, marked) {
  if (noise === null)
    return 'No pair of equal servers finished: the noise is unknown and no ratio is marked.';
  return `Noise: ±${percent(noise)}, by ${pair} beside itself; ratios beyond that are ${marked}.`;
}
