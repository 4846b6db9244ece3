// The fuzzer: makes cases from a seed, runs them, and tells of what must not be. run.mjs starts it.

import { inspect } from 'node:util';
import { makeCase, readCase } from './cases.ts';
import { Finds } from './finds.ts';
import { tryHead } from './heads.ts';
import { HeapWatch } from './heap.ts';
import { Violation } from './judge.ts';
import { runAndCompare } from './memory.ts';
import { BadOption, type Options, parseOptions, USAGE } from './options.ts';
import { Random } from './random.ts';
import { fuzzSockets, runOverSockets } from './sockets.ts';

/** Every so many cases the heap is looked at. */
const BATCH = 4000;
/** The part of the time that the quick layer gets when both run. */
const MEMORY_SHARE = 0.75;

try {
  const options = parseOptions(process.argv.slice(2));
  if (options === null) console.log(USAGE);
  else if (options.file !== null) await replay(options.file);
  else await fuzz(options);
} catch (error) {
  if (!(error instanceof BadOption)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}

async function fuzz(options: Options): Promise<void> {
  const { seed, seconds, layers } = options;
  console.log(`fuzz: seed ${seed}, ${seconds} s (again: pnpm fuzz --seed ${seed} --seconds ${seconds})`);
  const finds = new Finds(seed);
  const share = layers.length === 1 ? 1 : MEMORY_SHARE;
  if (layers.includes('memory')) await fuzzMemory(options, seconds * share, finds);
  if (layers.includes('sockets') && finds.count < options.finds) {
    await fuzzSockets(seed, seconds * (layers.length === 1 ? 1 : 1 - MEMORY_SHARE), options.finds, finds);
  }
  console.log(finds.count === 0 ? 'fuzz: no finds' : `fuzz: ${finds.count} finds`);
  if (finds.count > 0) process.exitCode = 1;
}

async function fuzzMemory({ seed, finds: most }: Options, seconds: number, finds: Finds): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  const heap = new HeapWatch();
  let cases = 0;
  for (; Date.now() < deadline && finds.count < most; cases += 1) {
    if (cases % BATCH === 0) await heap.look(cases);
    const random = new Random(seed, cases);
    const origin = `seed ${seed}, case ${cases}`;
    if (cases % 8 === 7) {
      await tryHead(random).catch(error =>
        finds.add(
          { layer: 'memory', limits: {}, steps: [] },
          error,
          () => tryHead(new Random(seed, cases)),
          origin,
        ),
      );
      continue;
    }
    const made = makeCase(random, 'memory');
    const byOctet = random.oneIn(4);
    try {
      await runAndCompare(made, byOctet);
    } catch (error) {
      await finds.add(made, error, smaller => runAndCompare(smaller, byOctet), origin);
    }
  }
  await heap.look(cases);
  console.log(`fuzz: in memory ${cases} cases; ${heap.summary}`);
  if (heap.grows) {
    await finds.add(
      { layer: 'memory', limits: {}, steps: [] },
      new Error(`memory does not return: ${heap.summary}`),
      async () => {},
      `seed ${seed}`,
    );
  }
}

async function replay(file: string): Promise<void> {
  const made = readCase(file);
  try {
    if (made.layer === 'sockets') await runOverSockets(made);
    else for (const byOctet of [false, true]) await runAndCompare(made, byOctet);
    console.log('fuzz: the case is in order');
  } catch (error) {
    console.log(`fuzz: ${error instanceof Violation ? error.message : inspect(error)}`);
    process.exitCode = 1;
  }
}
