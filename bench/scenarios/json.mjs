import { article } from '../lib/answers.mjs';
import { checkAnswer } from '../lib/check.mjs';
import { defineLoad } from '../lib/load.mjs';
import { defineLoadScenario } from '../lib/scenario.mjs';

const load = defineLoad({ path: '/json' });

export const json = defineLoadScenario({
  name: 'json',
  title: 'JSON',
  shows: 'A small object, built and serialised for every request.',
  load,
  check: port => checkAnswer(port, load, { type: 'application/json', body: JSON.stringify(article()) }),
});
