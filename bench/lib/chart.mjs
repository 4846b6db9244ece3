// A bar per server, the shorter the better, as an SVG which needs nothing but itself. The greys and the orange are
// readable on a white page as well as on a dark one, as an image cannot know where it is shown.
import { number, quantityOf, unitOf } from './wording.mjs';

const WIDTH = 760;
const LABELS = 130;
const FIGURES = 90;
const BAR = 18;
const ROW = 30;
const HEAD = 62;
const CAPTION = 16;
const TEXT = '#808791';
const OWN = '#d97a2b';
const PEER = '#8a97a8';

/**
 * @param {import('./scenario.mjs').Scenario} scenario
 * @param {import('./contest.mjs').Outcome} outcome
 * @param {string[]} caption lines below the bars: machine and versions
 */
export function chart(scenario, outcome, caption) {
  const rows = outcome.rows.filter(({ twin }) => !twin);
  const longest = Math.max(...rows.flatMap(({ rounds }) => rounds.map(({ cost }) => cost)));
  const scale = (WIDTH - LABELS - FIGURES) / longest;
  const foot = HEAD + rows.length * ROW + 20;
  const height = foot + caption.length * CAPTION;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" font-family="system-ui, sans-serif" font-size="13" fill="${TEXT}">
  <title>${escaped(scenario.title)}: ${rows.map(row => `${escaped(row.title)} ${number(row.cost)} ${unitOf(scenario)}`).join(', ')}</title>
  <text x="0" y="20" font-size="16" font-weight="600">${escaped(scenario.title)}</text>
  <text x="0" y="42">${quantityOf(scenario)} in ${unitOf(scenario)}, less is better; the line spans the rounds</text>
${rows.map((row, index) => bar(row, HEAD + index * ROW, scale)).join('\n')}
${caption.map((line, index) => `  <text x="0" y="${foot + index * CAPTION}" font-size="11">${escaped(line)}</text>`).join('\n')}
</svg>
`;
}

function bar({ own, title, cost, rounds }, top, scale) {
  const costs = rounds.map(round => round.cost);
  const at = value => (LABELS + value * scale).toFixed(1);
  const [least, most] = [Math.min(...costs), Math.max(...costs)];
  const middle = top + BAR / 2;
  return `  <text x="${LABELS - 10}" y="${middle + 5}" text-anchor="end"${own ? ` font-weight="600" fill="${OWN}"` : ''}>${escaped(title)}</text>
  <rect x="${LABELS}" y="${top}" width="${(cost * scale).toFixed(1)}" height="${BAR}" rx="2" fill="${own ? OWN : PEER}" fill-opacity="0.6"/>
  <path d="M${at(least)} ${middle}H${at(most)}" stroke="${own ? OWN : PEER}" stroke-width="2"/>
  <text x="${Number(at(most)) + 8}" y="${middle + 5}">${number(cost)}</text>`;
}

const escaped = text => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
