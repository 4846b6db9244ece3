// The two kinds of scenario, and what each of them is made of.

/**
 * What the project wants to reach; exactly one of the bounds.
 *
 * @typedef {object} Target
 * @property {number} [atLeast] times better than the baseline
 * @property {number} [below] in the scenario's unit
 */

/**
 * @typedef {object} Common
 * @property {string} name for `--scenario`, and of its chart
 * @property {string} title
 * @property {string} shows one sentence: what a reader learns from it
 * @property {string} [field] those who take part have the same word here; see `contestants.mjs`
 * @property {string[]} [servers] names of those of them who take part; all where it is left out
 * @property {string} [subject] whom the scenario is about, where it is not SUBJECT
 * @property {string} [baseline] whom ratios are taken against, where it is not BASELINE
 * @property {Target} [target]
 * @property {(port: number) => Promise<unknown>} check rejects, before anything is timed, if an answer is wrong
 */

/**
 * Servers under load, side by side: what is compared is CPU time per request.
 *
 * @typedef {Common & {
 *   load: import('./load.mjs').Load,
 *   loadFor?: (port: number) => Promise<import('./load.mjs').Load>,
 * }} LoadScenario `loadFor` is for a load that depends on what a server has answered
 */

/**
 * One number, measured on a server which was started for it; less is better.
 *
 * @typedef {Common & {
 *   unit: string,
 *   quantity: string,
 *   roundsAtMost: number,
 *   measure: (contestant: import('../contestants.mjs').Contestant, cores?: import('./pinning.mjs').Cores)
 *     => Promise<number>,
 * }} SampleScenario
 */

/** @typedef {LoadScenario | SampleScenario} Scenario */

/** @param {LoadScenario} scenario */
export const defineLoadScenario = scenario => scenario;

/** @param {SampleScenario} scenario */
export const defineSampleScenario = scenario => scenario;

/**
 * @param {Scenario} scenario
 * @returns {scenario is LoadScenario}
 */
export const isLoadScenario = scenario => 'load' in scenario;
