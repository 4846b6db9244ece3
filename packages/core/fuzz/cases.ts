// A case: what clients do, step by step. It can be made from a seed, written to a file, read again, and taken apart.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultLimits } from '../src/http/limits.ts';
import type { Limits, Timeouts } from '../src/index.ts';
import { makeMessage, render } from './grammar.ts';
import { mutate, mutateOctets } from './mutations.ts';
import { makePreface } from './preface.ts';
import type { Random } from './random.ts';

export type Step =
  /** Octets that arrive at once, one code point each. */
  | { readonly client: number; readonly do: 'send'; readonly octets: string }
  /** The client shuts its side, breaks the connection, stops taking answers, takes so many octets or all (Infinity is null in a file). */
  | { readonly client: number; readonly do: 'finish' | 'break' | 'hold' }
  | { readonly client: number; readonly do: 'take'; readonly octets: number | null }
  /** Everything that can happen by itself happens. */
  | { readonly do: 'rest' }
  /** Time passes. */
  | { readonly do: 'wait'; readonly milliseconds: number }
  /** The server begins to stop; what is under way may come to its end. */
  | { readonly do: 'stop' };

export type Layer = 'memory' | 'sockets';

export interface Case {
  readonly layer: Layer;
  readonly limits: Partial<Limits>;
  /** In seconds; only of those that are off by default. In memory. */
  readonly timeouts?: Partial<Pick<Timeouts, 'handler' | 'request'>>;
  /** Whether every connection begins with a preface. In memory. */
  readonly preface?: boolean;
  /** Whether clients come through a unix socket. Over sockets. */
  readonly unix?: boolean;
  readonly steps: readonly Step[];
}

/** What a case is about at most; kept low, so that the cases are many. */
const MOST_REQUESTS = 6;
const MOST_CLIENTS = 3;

export function makeCase(random: Random, layer: Layer): Case {
  const clients = random.oneIn(3) ? random.between(2, MOST_CLIENTS) : 1;
  if (layer === 'sockets') {
    const rows = Array.from({ length: clients }, (_, client) => makeSteps(random, client, waitOverSockets));
    const steps = woven(random, rows);
    if (random.oneIn(40)) steps.splice(random.below(steps.length + 1), 0, { do: 'stop' });
    return { layer, limits: {}, unix: random.oneIn(3), steps };
  }
  const preface = random.oneIn(6);
  const timed = random.oneIn(6);
  const wait = timed ? waitOften : waitInMemory;
  const rows = Array.from({ length: clients }, (_, client) => makeSteps(random, client, wait, preface));
  const steps = woven(random, rows);
  if (random.oneIn(8)) steps.splice(random.below(steps.length + 1), 0, { do: 'stop' });
  return {
    layer,
    limits: random.oneIn(4) ? tightLimits(random) : {},
    timeouts: timed ? tightTimeouts(random) : {},
    preface,
    steps,
  };
}

function tightTimeouts(random: Random): Required<Case>['timeouts'] {
  const seconds = random.between(1, 30);
  return random.pick([
    { handler: seconds },
    { request: seconds },
    { handler: seconds, request: 2 * seconds },
  ]);
}

/** One or two limits that are met soon; with all of them at once nothing would get past the first request. */
function tightLimits(random: Random): Partial<Limits> {
  const tight: Limits = {
    ...defaultLimits,
    requestLine: random.between(60, 400),
    head: random.between(400, 1000),
    field: random.between(60, 300),
    fields: random.between(2, 20),
    chunkExtensions: random.between(60, 200),
    content: random.between(1, 300),
    requests: random.between(1, 4),
    discard: random.between(10, 300),
  };
  const names: (keyof Limits)[] = [
    'requestLine',
    'head',
    'field',
    'fields',
    'chunkExtensions',
    'content',
    'requests',
    'discard',
  ];
  const chosen = new Set([random.pick(names), random.pick(names)]);
  // Which of the two is met first would be a matter of the reads if a head could be shorter than its first line.
  if (chosen.has('head')) chosen.add('requestLine');
  return Object.fromEntries([...chosen].map(name => [name, tight[name]]));
}

/** A row of requests as octets. `client` makes their ids different from those of other clients. */
function makeOctets(random: Random, client: number): string {
  let octets = '';
  const broken = random.oneIn(2);
  for (let count = random.between(1, MOST_REQUESTS), at = 0; at < count; at += 1) {
    const message = makeMessage(random, client * 1000 + at);
    if (broken && random.oneIn(count)) {
      for (let times = random.between(1, 2); times > 0; times -= 1) mutate(random, message);
    }
    octets += render(message);
  }
  if (random.oneIn(8)) octets = mutateOctets(random, octets);
  if (random.oneIn(10)) octets = octets.slice(0, random.below(octets.length + 1));
  return octets;
}

/** @param wait milliseconds for which nothing happens, or 0 @param preface whether one comes first */
function makeSteps(
  random: Random,
  client: number,
  wait: (random: Random) => number,
  preface: boolean = false,
): Step[] {
  const octets = (preface ? makePreface(random, client) : '') + makeOctets(random, client);
  const steps: Step[] = [];
  const pauses = random.oneIn(3);
  for (const part of split(random, octets)) {
    steps.push({ client, do: 'send', octets: part });
    if (pauses && random.oneIn(2)) steps.push({ do: 'rest' });
    const milliseconds = wait(random);
    if (milliseconds > 0) steps.push({ do: 'wait', milliseconds });
  }
  if (random.oneIn(10)) {
    steps.splice(random.below(steps.length + 1), 0, { client, do: 'hold' });
    for (let times = random.below(4); times > 0; times -= 1) {
      steps.push(
        { do: 'rest' },
        { client, do: 'take', octets: random.oneIn(2) ? null : random.below(100_000) },
      );
    }
  }
  if (random.oneIn(12)) steps.splice(random.below(steps.length + 1), steps.length, { client, do: 'break' });
  else if (random.oneIn(2)) steps.push({ client, do: 'finish' });
  return steps;
}

const someTime = (random: Random): number =>
  random.pick([100, 700, 3000, 9000, 11_000, 25_000, 40_000, 90_000]);
const waitInMemory = (random: Random): number => (random.oneIn(60) ? someTime(random) : 0);
const waitOften = (random: Random): number => (random.oneIn(8) ? someTime(random) : 0);
const waitOverSockets = (random: Random): number => (random.oneIn(60) ? random.below(60) : 0);

/** The parts in which octets arrive. */
function split(random: Random, octets: string): string[] {
  if (octets.length === 0) return [];
  switch (random.below(4)) {
    case 0:
      return [octets];
    case 1:
      if (octets.length < 400) return octets.split('');
  }
  const places = new Set([0, octets.length]);
  for (let times = random.between(1, 12); times > 0; times -= 1) {
    const near = octets.indexOf(random.pick(['\r', '\n', ' ', ':', '\r\n\r\n']), random.below(octets.length));
    places.add(random.oneIn(2) && near !== -1 ? near + random.below(2) : random.below(octets.length));
  }
  const sorted = [...places].sort((a, b) => a - b);
  return sorted.slice(1).map((end, at) => octets.slice(sorted[at], end));
}

/** Keeps the order within each row. */
function woven(random: Random, rows: Step[][]): Step[] {
  const steps: Step[] = [];
  let left = rows.filter(row => row.length > 0);
  while (left.length > 0) {
    steps.push(...random.pick(left).splice(0, random.between(1, 3)));
    left = left.filter(row => row.length > 0);
  }
  return steps;
}

export function clientsOf({ steps }: Case): number[] {
  return [...new Set(steps.flatMap(step => ('client' in step ? [step.client] : [])))];
}

/** All octets that a client sends. */
export function octetsOf({ steps }: Case, client: number): string {
  return steps.map(step => (step.do === 'send' && step.client === client ? step.octets : '')).join('');
}

/** How a client behaves besides what it sends, as far as its answers depend on it. */
export interface Manner {
  /** It breaks its connection, or so much time passes that the server may: any beginning of the answers is right. */
  readonly cutShort: boolean;
  /** It breaks its connection: what an answer that lasts until the end of the connection ended with is not seen. */
  readonly breaks: boolean;
  readonly finishes: boolean;
  /** The server stops meanwhile: every answer may be the last one. */
  readonly stops: boolean;
  /** The end of an answer that is broken off can't be told from an orderly one: a unix socket has no reset. */
  readonly isUnix: boolean;
  /** Statuses with which it may be told that something took too long. */
  readonly late: readonly number[];
}

/** From here on one of the server's timeouts may have passed. Milliseconds. */
const LONG = 4000;

export function mannerOf(made: Case, client: number): Manner {
  const { layer, steps, timeouts = {}, unix = false } = made;
  const own = steps.filter(step => 'client' in step && step.client === client);
  const waited = steps.reduce((sum, step) => sum + (step.do === 'wait' ? step.milliseconds : 0), 0);
  const breaks = own.some(step => step.do === 'break');
  const shortest = Math.min(timeouts.handler ?? LONG, timeouts.request ?? LONG) * 1000;
  return {
    breaks,
    cutShort: breaks || waited >= Math.min(shortest, layer === 'memory' ? LONG : LONG / 4),
    stops: steps.some(step => step.do === 'stop'),
    isUnix: unix,
    late: Object.keys(timeouts).length > 0 ? [408, 503] : [408],
    finishes: own.some(step => step.do === 'finish'),
  };
}

/** Writes a case outside of the repository. @returns where */
export function writeCase(made: Case, name: string): string {
  const folder = join(tmpdir(), 'fapws-fuzz');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.json`);
  writeFileSync(file, `${JSON.stringify(made, null, 1)}\n`);
  return file;
}

export function readCase(file: string): Case {
  return JSON.parse(readFileSync(file, 'utf8')) as Case;
}
