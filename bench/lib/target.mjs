// Has the project reached what it set out to?
import { number, times, unitOf } from './wording.mjs';

/**
 * @param {import('./scenario.mjs').Scenario} scenario
 * @param {import('./contest.mjs').Outcome} outcome
 * @returns {{ goal: string, measured: string, reached: boolean | null } | undefined} nothing where no target is set,
 *   `reached: null` where it was not measured
 */
export function judge(scenario, { rows, against }) {
  if (!scenario.target) return undefined;
  const { atLeast, below } = scenario.target;
  const row = rows.find(({ own }) => own);
  if (below !== undefined) {
    return {
      goal: `below ${number(below)} ${unitOf(scenario)}`,
      measured: row ? `${number(row.cost)} ${unitOf(scenario)}` : 'not measured',
      reached: row ? row.cost < below : null,
    };
  }
  const ratio = row?.ratio ?? null;
  return {
    goal: atLeast < 1 ? `at most ${times(1 / atLeast)} of ${against}` : `${times(atLeast)} ${against}`,
    measured: ratio === null ? 'not measured' : times(atLeast < 1 ? 1 / ratio : ratio),
    reached: ratio === null ? null : ratio >= atLeast,
  };
}

/**
 * Who did better than the project's own server, beyond chance.
 *
 * @param {import('./contest.mjs').Outcome} outcome
 */
export function whoIsAhead({ rows, noise }) {
  const own = rows.find(({ own }) => own);
  if (!own) return [];
  return rows.filter(({ twin, cost }) => !twin && own.cost > cost * (1 + (noise ?? 0)));
}
