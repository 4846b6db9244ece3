// Servers beside their load on all cores of the machine, as they run outside of benchmarks: for figures of several processes,
// which one core can't give.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { chooseGenerator } from './load.mjs';
import { describeCommit, describeMachine, describeVersions } from './machine.mjs';
import { publish } from './page.mjs';
import { startServer } from './processes.mjs';
import { median } from './statistics.mjs';
import { forMarkdown, forTerminal } from './table.mjs';

const SECONDS = 2;

/**
 * Measures a group of servers after the other, those of a group side by side, prints a table for each, and with `--publish`
 * writes them to the page.
 *
 * @param {object} comparison
 * @param {string} comparison.name of the script in package.json, and of the page's part
 * @param {{ title: string, load: import('./load.mjs').Load, contestants: import('../contestants.mjs').Contestant[] }[]} comparison.groups
 * @param {[string, (middle: Figure, least: Figure) => string][]} comparison.columns a header each, and the cell of a server
 *   by the median and the least of its rounds; `Figure` is `(key: string) => number | null`
 * @param {(server: import('./processes.mjs').Server, apply: () => Promise<any>) => Promise<Record<string, number | null>>} comparison.measure
 *   one round: has the load applied and says what came of it
 */
export async function compareOnAllCores({ name, groups, columns, measure }) {
  const { values: options } = parseArgs({
    args: process.argv.slice(2).filter(arg => arg !== '--'),
    options: { rounds: { type: 'string', default: '5' }, publish: { type: 'boolean' } },
  });
  const generator = chooseGenerator();
  const tables = [];
  const servers = new Map();
  const serverOf = async contestant => {
    if (!servers.has(contestant)) servers.set(contestant, await startServer(contestant));
    return servers.get(contestant);
  };
  try {
    for (const { title, load, contestants } of groups) {
      const rounds = new Map();
      for (const contestant of contestants) rounds.set(await serverOf(contestant), []);
      for (const server of rounds.keys()) await generator.apply(load, server.port, 1);
      for (let round = 0; round < Number(options.rounds); round += 1) {
        // A B, then B A: whatever drifts, drifts for all.
        const order = [...rounds.keys()];
        for (const server of round % 2 === 0 ? order : order.toReversed()) {
          rounds
            .get(server)
            .push(await measure(server, () => generator.apply(load, server.port, SECONDS), load));
          server.assertAlive();
        }
      }
      const table = [['', ...columns.map(([header]) => header)]];
      for (const [{ contestant }, results] of rounds) {
        const over = choose => key => {
          const values = results.map(result => result[key]);
          return values.includes(null) ? null : choose(values);
        };
        const middle = over(median);
        // A neighbour on the machine only ever adds to it.
        const least = over(values => Math.min(...values));
        table.push([contestant.title, ...columns.map(([, cell]) => cell(middle, least))]);
      }
      tables.push([title, table]);
      process.stdout.write(`${title}\n${forTerminal(table)}\n\n`);
    }
  } finally {
    for (const server of servers.values()) await server.stop();
  }
  if (!options.publish) return;
  const { cpu, cores, memory, kernel } = describeMachine();
  const versions = Object.entries(describeVersions([...servers.keys()])).map(
    ([program, version]) => `${program} ${version}`,
  );
  const date = new Date().toISOString().slice(0, 10);
  const measured =
    `Measured on ${date} at ${describeCommit()} with \`pnpm --dir bench ${name}\`, ${options.rounds} rounds of ${SECONDS} s (medians; of CPU the quietest), ` +
    `load by ${generator.title} with one thread beside the servers on ${availableParallelism()} cores: ${cpu}, ${cores} cores, ` +
    `${memory}, ${kernel}; ${versions.join(', ')}.`;
  publish(
    name,
    [measured, ...tables.map(([title, table]) => `**${title}**\n\n${forMarkdown(table)}`)]
      .join('\n\n')
      .concat('\n'),
  );
}
