// Each thing that the example shows, through HTTP, against the real process.

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Program } from '@fapws/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { quickstart } from './program.ts';

// Processes are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });

let program: Program;
let origin: string;

beforeAll(async () => {
  program = quickstart();
  origin = await program.origin();
});

afterAll(() => program[Symbol.asyncDispose]());

function ask(path: string, options: RequestInit = {}): Promise<Response> {
  return fetch(`${origin}/${path}`, { signal: AbortSignal.timeout(10_000), ...options });
}

describe('the start', () => {
  test('prints address, loop and how to try it', () => {
    expect(program.output).toMatch(/^fapws: listening on http:\/\/127\.0\.0\.1:\d+ \(\w+ loop\)\n/);
    expect(program.output).toContain(`Open ${origin}/`);
    for (const path of ['/hello/you', '/form', '/ticks']) expect(program.output).toContain(origin + path);
  });

  test('on a busy port is one line which names the port and the way out', async () => {
    const { port } = new URL(origin);
    await using second = quickstart(port);
    expect(await second.end()).toBe(1);
    expect(second.output).toMatch(
      new RegExp(`^Port ${port} is already in use.*PORT=0 npx -y pnpm@12 start\n$`),
    );
  });

  test.each(['abc', '65536', '-1', '80.5', '8080x'])(
    'with PORT=%s is one line which names it and the way out',
    async port => {
      await using wrong = quickstart(port);
      expect(await wrong.end()).toBe(1);
      expect(wrong.output).toMatch(
        new RegExp(`^PORT=${port} is not a port\\..*PORT=8081 npx -y pnpm@12 start\n$`),
      );
    },
  );
});

describe('the stop', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('by %s ends with 0', async signal => {
    await using server = quickstart();
    await fetch(await server.origin());
    expect(await server.end(signal)).toBe(0);
  });

  test('does not wait for listeners of ticks', async () => {
    await using server = quickstart();
    const response = await fetch(`${await server.origin()}/ticks`);
    const cut = expect(response.text()).rejects.toThrow();
    expect(await server.end('SIGINT')).toBe(0);
    await cut;
    expect(server.output).toContain('ticks: the client left');
  });
});

describe('the page', () => {
  let html: string;
  let headers: Headers;

  beforeAll(async () => {
    const response = await ask('');
    headers = response.headers;
    html = await response.text();
  });

  test('links to what answers', async () => {
    const links = [...html.matchAll(/<a href="([^"]+)"/g)].map(([, link]) => link as string);
    expect(links).toEqual(
      expect.arrayContaining(['hello', 'hello/you', 'generator', 'environ/a?b=c', 'download', 'ticks']),
    );
    for (const link of links) {
      const enough = new AbortController();
      const response = await ask(link.replace(/^\//, ''), { signal: enough.signal });
      expect(response.status, link).toBe(200);
      enough.abort();
    }
  });

  test('has forms that are answered', async () => {
    const actions = [...html.matchAll(/<form [^>]*action="([^"]+)" method="post"/g)].map(
      ([, action]) => action,
    );
    expect(actions).toEqual(['form', 'upload']);
    for (const action of actions) {
      const response = await ask(action as string, { method: 'POST', body: new URLSearchParams({ a: 'b' }) });
      expect(response.status, action).toBe(200);
    }
  });

  test('names files that are there', async () => {
    const files = [...html.matchAll(/<code class="source">([^<]+)</g)].map(([, file]) => file as string);
    expect(files.length).toBeGreaterThan(0);
    expect(files.filter(file => !existsSync(join(import.meta.dirname, '../src', file)))).toEqual([]);
  });

  test('says where it is as its client knows it, and how to try each thing', () => {
    const host = new URL(origin).host;
    expect([...html.matchAll(/<pre>curl [^<]*/g)].every(([line]) => line.includes(host))).toBe(true);
  });

  test('needs nothing from elsewhere, and its policy allows its own style and script only', () => {
    expect(html).not.toMatch(/(src|href|action)="(https?:)?\/\//);
    const policy = headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    for (const tag of ['style', 'script']) {
      const text = new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(html)?.[1] as string;
      expect(policy).toContain(`${tag}-src 'sha256-${createHash('sha256').update(text).digest('base64')}'`);
    }
    expect(policy).not.toContain('unsafe');
  });
});

test('hello answers, and greets by the name in the path', async () => {
  expect(await (await ask('hello')).text()).toBe('Hello World!!\n');
  expect(await (await ask('hello/Zo%C3%AB')).text()).toBe('Hello Zoë!!\n');
});

test('a name with markup stays text', async () => {
  const response = await ask(`hello/${encodeURIComponent('<script>alert(1)</script>')}`);
  expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
});

test('the generator is sent in pieces', async () => {
  const response = await ask('generator');
  expect(response.headers.get('transfer-encoding')).toBe('chunked');
  const lines = (await response.text()).trimEnd().split('\n');
  expect(lines).toHaveLength(21);
  expect(lines.at(-1)).toBe('20: 4181');
});

describe('the form', () => {
  test('shows what was sent, escaped', async () => {
    const body = new URLSearchParams([
      ['word', '<img src=x onerror="alert(1)">'],
      ['word', 'second & last'],
      ['<b>', "it's"],
    ]);
    const response = await ask('form', { method: 'POST', body });
    const html = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(html).toContain(
      '<th>word</th><td>&#60;img src=x onerror=&#34;alert(1)&#34;&#62;\nsecond &#38; last</td>',
    );
    expect(html).toContain('<th>&#60;b&#62;</th><td>it&#39;s</td>');
  });

  test('refuses other content and too much of it', async () => {
    expect((await ask('form', { method: 'POST', body: 'text' })).status).toBe(415);
    const body = new URLSearchParams({ word: 'x'.repeat(65_536) });
    expect((await ask('form', { method: 'POST', body })).status).toBe(413);
  });
});

test('the download has the length that it announces, and is whole', async () => {
  const response = await ask('download');
  expect(response.headers.get('content-length')).toBe('10000000');
  expect(response.headers.get('content-disposition')).toContain('attachment');
  const lines = (await response.text()).split('\n');
  expect(lines).toHaveLength(100_001);
  expect(lines[99_999]).toMatch(/^Line 100000 of 100000 \.+$/);
});

describe('the upload', () => {
  const octets = 5_000_000;

  test.each(['POST', 'PUT'])('counts what %s sends', async method => {
    const response = await ask('upload', { method, body: new Uint8Array(octets) });
    expect(await response.json()).toMatchObject({ octets });
  });

  test('counts content of unknown length', async () => {
    let left = octets;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (left === 0) return controller.close();
        const size = Math.min(left, 70_001);
        left -= size;
        controller.enqueue(new Uint8Array(size));
      },
    });
    // `duplex` is what a streamed body needs and the types of Node 20 do not know.
    const response = await ask('upload', { method: 'POST', body, duplex: 'half' } as RequestInit);
    expect(await response.json()).toMatchObject({ octets });
  });

  test('counts nothing where nothing is sent', async () => {
    expect(await (await ask('upload', { method: 'POST' })).json()).toEqual(
      expect.objectContaining({ octets: 0, pieces: 0 }),
    );
  });
});

test('ticks come one by one and stop when the client leaves', async () => {
  const leave = new AbortController();
  const response = await ask('ticks', { signal: leave.signal });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const events: string[] = [];
  for await (const chunk of response.body ?? []) {
    events.push(Buffer.from(chunk).toString());
    if (events.length === 2) break;
  }
  leave.abort();
  expect(events[0]).toMatch(/^id: 1\ndata: \d{4}-\d\d-\d\dT[\d:.]+Z\n\n$/);
  expect(events[1]).toMatch(/^id: 2\n/);
  await program.prints(/ticks: the client left after tick 2\n/);
});

test('the environ dump shows mount, path and query, escaped', async () => {
  const response = await ask('environ/deep/down?<i>=1', { headers: { 'X-Colour': '<b>green</b>' } });
  const html = await response.text();
  expect(response.headers.get('cache-control')).toBe('no-store');
  for (const row of [
    '<th>REQUEST_METHOD</th><td>GET</td>',
    '<th>SCRIPT_NAME</th><td>/environ</td>',
    '<th>PATH_INFO</th><td>/deep/down</td>',
    '<th>HTTP_X_COLOUR</th><td>&#60;b&#62;green&#60;/b&#62;</td>',
  ]) {
    expect(html).toContain(row);
  }
  expect(html).not.toContain('<b>green');
});

test('nothing that was asked for here has gone wrong on the server', () => {
  const complaints = program.output.split('\n').filter(line => /^fapws: (?!listening)|^\s+at /.test(line));
  expect(complaints).toEqual([]);
});
