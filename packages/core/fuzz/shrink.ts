// Makes a failing case as small as it can be found to fail: fewer clients, steps, cuts, requests, lines, octets.

import type { Case, Step } from './cases.ts';
import { clientsOf } from './cases.ts';

type Fails = (made: Case) => Promise<boolean>;

/** @param seconds after which the smallest case so far is it */
export async function shrink(made: Case, fails: Fails, seconds: number): Promise<Case> {
  const deadline = Date.now() + seconds * 1000;
  let smallest = made;
  const accept = async (smaller: Case): Promise<boolean> => {
    if (Date.now() > deadline || !(await fails(smaller))) return false;
    smallest = smaller;
    return true;
  };
  for (let before = ''; before !== JSON.stringify(smallest) && Date.now() < deadline; ) {
    before = JSON.stringify(smallest);
    if (Object.keys(smallest.limits).length > 0) await accept({ ...smallest, limits: {} });
    for (const client of clientsOf(smallest)) {
      await accept(
        withSteps(
          smallest,
          smallest.steps.filter(step => !('client' in step) || step.client !== client),
        ),
      );
    }
    await withoutParts(smallest.steps, steps => accept(withSteps(smallest, steps)));
    for (let at = 0; at + 1 < smallest.steps.length; at += 1) await joinAt(smallest, at, accept);
    for (let at = 0; at < smallest.steps.length; at += 1) await shortenAt(smallest, at, accept);
  }
  return smallest;
}

const withSteps = (made: Case, steps: readonly Step[]): Case => ({ ...made, steps });

/** Leaves out halves, quarters … as long as one of them can be missed. */
async function withoutParts<T>(all: readonly T[], accept: (fewer: T[]) => Promise<boolean>): Promise<void> {
  let items = [...all];
  for (let size = Math.ceil(items.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < items.length; ) {
      const fewer = [...items.slice(0, at), ...items.slice(at + size)];
      if (fewer.length < items.length && (await accept(fewer))) items = fewer;
      else at += size;
    }
  }
}

async function joinAt(made: Case, at: number, accept: (made: Case) => Promise<boolean>): Promise<void> {
  const [first, second] = [made.steps[at], made.steps[at + 1]];
  if (first?.do !== 'send' || second?.do !== 'send' || first.client !== second.client) return;
  const joined: Step = { ...first, octets: first.octets + second.octets };
  await accept(withSteps(made, [...made.steps.slice(0, at), joined, ...made.steps.slice(at + 2)]));
}

async function shortenAt(made: Case, at: number, accept: (made: Case) => Promise<boolean>): Promise<void> {
  const step = made.steps[at];
  if (step?.do !== 'send') return;
  let octets = step.octets;
  for (const separator of [/(?<=\r\n\r\n)/, /(?<=\r\n)/, /(?<=[ ,;:&=])/, '']) {
    // Octet by octet only when not many are left.
    if (separator === '' && octets.length > 400) return;
    await withoutParts(octets.split(separator), async parts => {
      const shorter: Step = { ...step, octets: parts.join('') };
      const accepted = await accept(
        withSteps(made, [...made.steps.slice(0, at), shorter, ...made.steps.slice(at + 1)]),
      );
      if (accepted) octets = shorter.octets;
      return accepted;
    });
  }
}
