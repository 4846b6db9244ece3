// The page, the charts and the data of a run.
import { mkdirSync, writeFileSync } from 'node:fs';
import { chart } from './chart.mjs';
import { publish as publishPart } from './page.mjs';
import { cells, forMarkdown, noiseSentence } from './table.mjs';
import { judge, whoIsAhead } from './target.mjs';
import { number, quantityOf, roundsOf, times, unitOf } from './wording.mjs';

/**
 * @typedef {object} Report
 * @property {string} date
 * @property {string} command
 * @property {string} [commit]
 * @property {import('./machine.mjs').Machine} machine
 * @property {Record<string, string>} versions
 * @property {string} generator
 * @property {import('./pinning.mjs').Cores | null} cores
 * @property {number} rounds
 * @property {number} duration
 * @property {{ title: string, reason: string }[]} absent contestants that could not take part in anything
 * @property {{ scenario: import('./scenario.mjs').Scenario, outcome: import('./contest.mjs').Outcome }[]} parts
 */

const bench = new URL('../', import.meta.url);

/**
 * Charts and data go to `folder`; the page only changes where `publish` is set.
 *
 * @param {Report} report
 * @param {{ folder: string, publish: boolean }} where folder relative to bench/, with a slash at its end
 */
export function write(report, { folder, publish }) {
  const target = new URL(folder, bench);
  mkdirSync(target, { recursive: true });
  for (const { scenario, outcome } of report.parts) {
    if (outcome.rows.length === 0) continue;
    writeFileSync(new URL(`${scenario.name}.svg`, target), chart(scenario, outcome, caption(report)));
  }
  writeFileSync(new URL('results.json', target), `${JSON.stringify(data(report), null, 2)}\n`);
  if (!publish) {
    writeFileSync(new URL('results.md', target), page(report, './'));
    return;
  }
  publishPart('results', page(report, folder));
}

function data({ parts, ...circumstances }) {
  return {
    ...circumstances,
    scenarios: parts.map(({ scenario, outcome }) => ({
      name: scenario.name,
      title: scenario.title,
      quantity: quantityOf(scenario),
      unit: unitOf(scenario),
      target: judge(scenario, outcome),
      ...outcome,
    })),
  };
}

/** The part of the page that a run writes. */
function page(report, chartFolder) {
  return [
    circumstances(report),
    '### Targets',
    targets(report),
    '### Where Fapws is not ahead',
    notAhead(report),
    ...report.parts.flatMap(part => section(part, chartFolder)),
  ]
    .join('\n\n')
    .concat('\n');
}

function circumstances(report) {
  const { machine, versions, cores } = report;
  return [
    `Measured on ${report.date}${report.commit ? ` at ${report.commit}` : ''} with \`${report.command}\`: ` +
      `${roundsOf(report)}, load by ${report.generator}, ` +
      `${cores ? 'servers on one core and load on another' : 'nothing pinned to a core'}.`,
    `- Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memory}, ${machine.kernel}`,
    `- Versions: ${versionList(versions)}`,
    ...report.absent.map(({ title, reason }) => `- Not there: ${title} (${reason})`),
  ].join('\n');
}

function targets({ parts }) {
  const lines = parts.flatMap(({ scenario, outcome }) => {
    const verdict = judge(scenario, outcome);
    if (!verdict) return [];
    const word = verdict.reached === null ? '–' : verdict.reached ? 'reached' : '**not reached**';
    return [[scenario.title, verdict.goal, verdict.measured, word]];
  });
  return forMarkdown([['scenario', 'to reach', 'measured', ''], ...lines]);
}

function notAhead({ parts }) {
  const lines = parts.flatMap(({ scenario, outcome }) => {
    const own = outcome.rows.find(row => row.own);
    if (!own) return [`- ${scenario.title}: not measured`];
    const ahead = whoIsAhead(outcome).map(
      row => `${row.title} (${number(row.cost)}, ${times(own.cost / row.cost)})`,
    );
    if (ahead.length === 0) return [];
    return [
      `- ${scenario.title}, ${quantityOf(scenario)} in ${unitOf(scenario)}: ` +
        `${number(own.cost)} here, less in ${ahead.join(', ')}`,
    ];
  });
  return lines.length > 0 ? lines.join('\n') : 'No peer needed less in any scenario.';
}

function section({ scenario, outcome }, chartFolder) {
  const excluded = outcome.excluded.map(({ title, reason }) => `- Excluded: ${title} (${reason})`);
  const heading = [`### ${scenario.title}`, scenario.shows];
  if (outcome.rows.length === 0) return [...heading, excluded.join('\n')];
  return [
    ...heading,
    `![${scenario.title}: ${quantityOf(scenario)} by server](${chartFolder}${scenario.name}.svg)`,
    forMarkdown(cells(scenario, outcome, text => `**${text}**`)),
    [noiseSentence(outcome, 'bold'), ...(excluded.length > 0 ? ['', ...excluded] : [])].join('\n'),
  ];
}

function caption({ machine, date, versions }) {
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.kernel}, ${date}`,
    ...folded(versionList(versions)),
  ];
}

/** Text in a chart does not wrap by itself. */
function folded(list) {
  const lines = [];
  for (const item of list.split(', ')) {
    const longer = `${lines.at(-1)}, ${item}`;
    if (lines.length > 0 && longer.length <= 110) lines[lines.length - 1] = longer;
    else lines.push(item);
  }
  return lines;
}

const versionList = versions =>
  Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
