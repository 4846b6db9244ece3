// Runs one scenario: who takes part, in which order, and what is kept. The rules are those of bench/README.md.
import { BASELINE, SUBJECT } from '../contestants.mjs';
import { startServer } from './processes.mjs';
import { cpuMicroseconds, peakMemory } from './resources.mjs';
import { isLoadScenario } from './scenario.mjs';
import { isOutside, median, noiseBand, quietest } from './statistics.mjs';

const WARM_UP_SECONDS = 1;

/** @typedef {import('../contestants.mjs').Contestant} Contestant */

/**
 * @typedef {object} Round what one server did in one round; all but the cost under load only
 * @property {number} cost CPU microseconds per request, or the scenario's quantity; less is better
 * @property {number} [requestsPerSecond]
 * @property {number | null} [p50] microseconds
 * @property {number | null} [p99] microseconds
 * @property {number} [busy] the part of the time which the server was computing: well below 1, the load generator or
 *   the network was the limit, and requests per second say nothing about the server
 */

/**
 * @typedef {Round & {
 *   server: string,
 *   title: string,
 *   own: boolean,
 *   twin: boolean,
 *   ratio: number | null,
 *   outsideNoise: boolean,
 *   peakMemory?: number,
 *   rounds: Round[],
 * }} Row the quietest round's cost, medians for the rest; `ratio` is how many times better than the baseline
 */

/**
 * @typedef {object} Outcome
 * @property {Row[]} rows the best first
 * @property {{ title: string, reason: string }[]} excluded
 * @property {number | null} noise see `noiseBand`; null where no pair of equals finished
 * @property {string | null} pair the title of the server that ran twice
 * @property {string} against the title of the server that ratios are taken against
 */

/**
 * @typedef {object} Conditions
 * @property {number} rounds
 * @property {number} duration
 * @property {import('./load.mjs').Generator} generator
 * @property {import('./pinning.mjs').Cores} [cores]
 * @property {(progress: string) => void} announce
 */

/**
 * @param {import('./scenario.mjs').Scenario} scenario
 * @param {Contestant[]} contestants
 * @param {Conditions} conditions
 * @returns {Promise<Outcome>}
 */
export async function contest(scenario, contestants, conditions) {
  const { subject = SUBJECT, baseline = BASELINE } = scenario;
  const invited = contestants.filter(
    ({ name, field }) => field === scenario.field && (scenario.servers?.includes(name) ?? true),
  );
  const arena = isLoadScenario(scenario)
    ? loadArena(scenario, conditions)
    : sampleArena(scenario, conditions);
  const field = new Map();
  const excluded = [];

  /** Does something for a contestant; whoever fails leaves the contest, with the reason. */
  const attempt = async (contestant, action) => {
    try {
      return await action();
    } catch (error) {
      excluded.push({ title: contestant.title, reason: firstLine(error) });
      field.delete(contestant);
      await arena.dismiss(contestant);
    }
  };
  const enter = contestant =>
    attempt(contestant, async () => {
      await arena.admit(contestant);
      field.set(contestant, []);
    });

  try {
    for (const contestant of invited) {
      conditions.announce(`checking ${contestant.title}`);
      await enter(contestant);
    }
    const original = [subject, baseline].map(name => byName(field, name)).find(Boolean) ?? first(field);
    const twin = original && twinOf(original);
    if (twin) await enter(twin);

    for (let round = 1; round <= arena.rounds; round++) {
      const order = [...field.keys()];
      // A B, then B A: whatever drifts, drifts for both.
      if (round % 2 === 0) order.reverse();
      for (const contestant of order) {
        conditions.announce(`round ${round} of ${arena.rounds}: ${contestant.title}`);
        await attempt(contestant, async () => field.get(contestant).push(await arena.measure(contestant)));
      }
    }
    return summary({ subject, baseline, field, original, twin, excluded, arena });
  } finally {
    await arena.clear();
  }
}

/** Everyone is up at once; each round loads one after the other. */
function loadArena(scenario, { rounds, duration, generator, cores }) {
  const servers = new Map();
  const loads = new Map();

  const apply = async (contestant, seconds) => {
    const server = servers.get(contestant);
    server.assertAlive();
    const before = cpuMicroseconds(server.pid);
    const load = loads.get(contestant);
    const result = await generator.apply(load, server.port, seconds);
    server.assertAlive();
    const cpu = cpuMicroseconds(server.pid) - before;
    if (result.errors > 0) throw new Error(`${result.errors} errors under load`);
    if (result.cuts > 0 && !load.oncePerConnection) {
      throw new Error(`${result.cuts} connections cut under load`);
    }
    if (result.requests === 0) throw new Error('no answer under load');
    return {
      cost: cpu / result.requests,
      requestsPerSecond: result.requests / result.seconds,
      p50: result.p50,
      p99: result.p99,
      busy: Math.min(1, cpu / 1e6 / result.seconds),
    };
  };

  return {
    rounds,
    async admit(contestant) {
      const server = await startServer(contestant, cores?.server);
      servers.set(contestant, server);
      await scenario.check(server.port);
      loads.set(contestant, (await scenario.loadFor?.(server.port)) ?? scenario.load);
      await apply(contestant, WARM_UP_SECONDS);
    },
    measure: contestant => apply(contestant, duration),
    peakMemory: contestant => peakMemory(servers.get(contestant).pid),
    // What is wrong with it may keep its core busy.
    dismiss: contestant => servers.get(contestant)?.stop(),
    clear: () => Promise.all([...servers.values()].map(server => server.stop())),
  };
}

/** A server lives for one measurement. */
function sampleArena(scenario, { rounds, cores }) {
  return {
    rounds: Math.min(rounds, scenario.roundsAtMost),
    async admit(contestant) {
      const server = await startServer(contestant, cores?.server);
      try {
        await scenario.check(server.port);
      } finally {
        await server.stop();
      }
    },
    measure: async contestant => ({ cost: await scenario.measure(contestant, cores) }),
    peakMemory: () => undefined,
    dismiss: async () => {},
    clear: async () => {},
  };
}

/** @returns {Outcome} */
function summary({ subject, baseline: baselineName, field, original, twin, excluded, arena }) {
  const costs = contestant => field.get(contestant)?.map(({ cost }) => cost);
  const paired = field.has(original) && field.has(twin);
  const noise = paired ? noiseBand(costs(original), costs(twin)) : null;
  const baseline = byName(field, baselineName);
  const baselineCost = baseline && quietest(costs(baseline));

  const rows = [...field].map(([contestant, rounds]) => {
    const cost = quietest(costs(contestant));
    const ratio = baselineCost ? baselineCost / cost : null;
    return {
      server: contestant.name,
      title: contestant.title,
      own: contestant.name === subject,
      twin: contestant === twin,
      cost,
      ratio,
      outsideNoise: ratio !== null && noise !== null && isOutside(ratio, noise),
      ...mediansUnderLoad(rounds),
      peakMemory: arena.peakMemory(contestant),
      rounds,
    };
  });
  rows.sort((a, b) => a.cost - b.cost);
  return {
    rows,
    excluded,
    noise,
    pair: paired ? original.title : null,
    against: baseline?.title ?? baselineName,
  };
}

function mediansUnderLoad(rounds) {
  if (rounds[0].requestsPerSecond === undefined) return {};
  const of = key => {
    const known = rounds.map(round => round[key]).filter(value => value !== null);
    return known.length > 0 ? median(known) : null;
  };
  return {
    requestsPerSecond: of('requestsPerSecond'),
    p50: of('p50'),
    p99: of('p99'),
    busy: of('busy'),
  };
}

const twinOf = contestant => ({
  ...contestant,
  name: `${contestant.name}-again`,
  title: `${contestant.title} again`,
  program: contestant.program ?? `${contestant.name}.mjs`,
});

const byName = (field, name) => [...field.keys()].find(contestant => contestant.name === name);
const first = field => field.keys().next().value;
const firstLine = error => error.message.split('\n')[0];
