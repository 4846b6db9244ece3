import { postOfUser } from '../lib/answers.mjs';
import { checkAnswer } from '../lib/check.mjs';
import { defineLoad } from '../lib/load.mjs';
import { defineLoadScenario } from '../lib/scenario.mjs';

const load = defineLoad({ path: '/users/1815/posts/hello-world' });

export const routeParameters = defineLoadScenario({
  name: 'route-parameters',
  title: 'Route parameters',
  shows:
    'Two parameters taken from the path and handed to the application. (node:http splits the path by hand.)',
  load,
  check: port => checkAnswer(port, load, { type: 'text/plain', body: postOfUser('1815', 'hello-world') }),
});
