import { HELLO } from '../lib/answers.mjs';
import { checkAnswer } from '../lib/check.mjs';
import { defineLoad } from '../lib/load.mjs';
import { defineLoadScenario } from '../lib/scenario.mjs';

// What Chrome sends for a page; Host, which the load generator adds, is the twelfth.
const headers = {
  Connection: 'keep-alive',
  'Cache-Control': 'max-age=0',
  'Upgrade-Insecure-Requests': '1',
  'User-Agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Sec-Fetch-Site': 'same-origin',
  'Sec-Fetch-Mode': 'navigate',
  Referer: 'http://localhost/articles/2026/11/a-page-before-this-one',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  'Accept-Language': 'en-GB,en;q=0.9,de;q=0.8',
  Cookie: 'session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; _ga=GA1.1.1815129815.1732300000',
};

const load = defineLoad({ path: '/hello', headers });

export const browserHeaders = defineLoadScenario({
  name: 'browser-headers',
  title: 'Hello, the 12 headers of a browser',
  shows: 'What headers cost when the application does not look at them, which is true of most of them.',
  load,
  check: port => checkAnswer(port, load, { type: 'text/plain', body: HELLO }),
  target: { atLeast: 2 },
});
