// The command line.
import { parseArgs } from 'node:util';

export const USAGE = `Usage: pnpm bench [options]

  --scenario a,b   measure these only; 'python-*' is all that begin so
  --server a,b     these servers only
  --rounds N       rounds per scenario; the quietest one's CPU is reported (default 5)
  --duration S     whole seconds of load per round and server (default 1)
  --quick          one round: a first impression, not a result
  --no-write       print only
  --list           names of scenarios and servers
  --help

A run of everything is published: bench/README.md and bench/results/. A run narrowed by --scenario, --server or --quick
leaves them alone and writes to bench/results/tmp/.`;

/** A mistake on the command line; its message is for the user. */
export class BadOption extends Error {}

/**
 * @typedef {object} Options
 * @property {string[]} scenarios names; all where none was given
 * @property {string[]} servers names; all where none was given
 * @property {number} rounds
 * @property {number} duration seconds
 * @property {boolean} narrowed not everything is measured, or not well enough to publish
 * @property {boolean} write
 * @property {boolean} list
 * @property {boolean} help
 */

/**
 * @param {string[]} args
 * @param {{ scenarios: string[], servers: string[] }} known
 * @returns {Options}
 */
export function parseOptions(args, known) {
  const given = parse(args);
  return {
    scenarios: namesIn(given.scenario, 'scenario', known.scenarios),
    servers: namesIn(given.server, 'server', known.servers),
    rounds: countIn(given.rounds, 'rounds', given.quick ? 1 : 5),
    duration: countIn(given.duration, 'duration', 1),
    narrowed: Boolean(given.scenario || given.server || given.quick),
    write: !given['no-write'],
    list: Boolean(given.list),
    help: Boolean(given.help),
  };
}

function parse(args) {
  try {
    return parseArgs({
      // pnpm hands over the `--` of `pnpm bench -- --quick`.
      args: args.filter(arg => arg !== '--'),
      options: {
        scenario: { type: 'string' },
        server: { type: 'string' },
        rounds: { type: 'string' },
        duration: { type: 'string' },
        quick: { type: 'boolean' },
        'no-write': { type: 'boolean' },
        list: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new BadOption(error.message);
  }
}

function namesIn(list, option, known) {
  if (list === undefined) return known;
  const patterns = list.split(',').map(pattern => pattern.trim());
  for (const pattern of patterns) {
    if (!known.some(name => fits(name, pattern))) {
      throw new BadOption(`--${option}: there is no ${option} “${pattern}”. There are: ${known.join(', ')}.`);
    }
  }
  return known.filter(name => patterns.some(pattern => fits(name, pattern)));
}

/** `python-*` is all that begins so. */
const fits = (name, pattern) =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;

function countIn(text, option, byDefault) {
  if (text === undefined) return byDefault;
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new BadOption(`--${option} takes a whole number from 1, not “${text}”.`);
  }
  return count;
}
