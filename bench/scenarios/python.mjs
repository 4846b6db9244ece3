import { HELLO } from '../lib/answers.mjs';
import { checkAnswer } from '../lib/check.mjs';
import { defineLoad } from '../lib/load.mjs';
import { defineLoadScenario } from '../lib/scenario.mjs';

/** Whose name begins with its field has the subject and the baseline of that field. */
const scenario = ({ field = 'python', baseline = 'gunicorn', load, ...about }) => {
  const name = server => (field === 'python' ? `python-${server}` : `${field}-${server}`);
  const bytes = load.bodyBytes;
  return defineLoadScenario({
    ...about,
    field,
    subject: name('fapws'),
    baseline: name(baseline),
    load,
    check: port =>
      checkAnswer(port, load, {
        type: bytes > 0 ? 'application/octet-stream' : 'text/plain',
        body: bytes > 0 ? 'x'.repeat(bytes) : HELLO,
        // uWSGI sends none.
        undated: true,
      }),
  });
};

const hello = defineLoad({ path: '/hello' });

export const python = [
  scenario({
    name: 'python-hello',
    title: 'Python: hello, one worker',
    shows:
      'What a server adds to a WSGI application that does nothing. gunicorn’s sync worker makes a new connection for each request; the others keep them alive.',
    load: hello,
    target: { atLeast: 5 },
  }),
  scenario({
    name: 'python-hello-2',
    title: 'Python: hello, two workers',
    shows: 'The same with two processes, which here share one core: what sharing the work costs.',
    field: 'python-2',
    load: hello,
  }),
  scenario({
    name: 'python-flask-hello',
    title: 'Python: Flask’s hello, one worker',
    shows: 'The smallest application of a framework: most of the time is the framework’s.',
    field: 'python-flask',
    load: hello,
    target: { atLeast: 1.5 },
  }),
  scenario({
    name: 'python-post-10k',
    title: 'Python: echo of 10 KiB, one worker',
    shows: 'A body read whole and sent back.',
    load: defineLoad({
      method: 'POST',
      path: '/echo',
      headers: { 'Content-Type': 'application/octet-stream' },
      bodyBytes: 10_240,
    }),
  }),
  scenario({
    name: 'python-sleep',
    title: 'Python: 10 ms of waiting, 32 threads, 256 connections',
    shows:
      'An application that waits for a database: 3,200 requests per second are the most that 32 threads can do.',
    field: 'python-threads',
    baseline: 'gthread',
    load: defineLoad({ path: '/sleep', connections: 256 }),
  }),
];
