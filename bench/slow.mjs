// The slow-clients scenario with all its figures, for README.md: `pnpm --dir bench slow [--publish]`.
import { contestants } from './contestants.mjs';
import { describeCommit, describeMachine, describeVersions } from './lib/machine.mjs';
import { publish } from './lib/page.mjs';
import { chooseCores, pinThisProcess } from './lib/pinning.mjs';
import { median, quietest } from './lib/statistics.mjs';
import { forMarkdown, forTerminal } from './lib/table.mjs';
import { latency, mebibytes } from './lib/wording.mjs';
import { measureSlow, slowMemory } from './scenarios/slow.mjs';

const ROUNDS = 3;

const { cores } = chooseCores();
if (cores) pinThisProcess(cores.load);

const measured = contestants.filter(({ name }) => slowMemory.servers?.includes(name));
const rounds = new Map(measured.map(contestant => [contestant, []]));
for (let round = 0; round < ROUNDS; round += 1) {
  // A B, then B A: whatever drifts, drifts for both.
  for (const contestant of round % 2 === 0 ? measured : measured.toReversed()) {
    rounds.get(contestant).push(await measureSlow(contestant, cores));
  }
}

const table = [['server', 'slow clients', 'p50 of the others', 'p99 of the others', 'resident memory']];
for (const [{ title }, results] of rounds) {
  for (const [when, count] of [
    ['alone', 'none'],
    ['elsewhere', 'at another server on the same core'],
    ['beside', 'at this server'],
  ]) {
    const of = key => results.map(result => result[when][key]);
    const [p50, p99] = [of('p50'), of('p99')].map(quietest);
    table.push([title, count, latency(p50), latency(p99), mebibytes(median(of('memory')))]);
  }
}
process.stdout.write(`${forTerminal(table)}\n`);

if (process.argv.includes('--publish')) {
  const { cpu, cores: all, memory, kernel } = describeMachine();
  const versions = Object.entries(describeVersions(measured)).map(([name, version]) => `${name} ${version}`);
  const date = new Date().toISOString().slice(0, 10);
  publish(
    'slow',
    [
      `Measured on ${date} at ${describeCommit()} with \`pnpm --dir bench slow\`, latencies of the quietest of ${ROUNDS} rounds, medians of memory, ${cores ? 'servers on one core and clients on another' : 'nothing pinned to a core'}: ${cpu}, ${all} cores, ${memory}, ${kernel}; ${versions.join(', ')}.`,
      `${forMarkdown(table)}\n`,
    ].join('\n\n'),
  );
}
