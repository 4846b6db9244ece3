// docs/python.md: its programs are in order, and what it says of proxies, prefixes and streams is so for all frameworks.

import { join, resolve } from 'node:path';
import { type Server, start } from '@fapws/core';
import { forwarded } from '@fapws/forwarded';
import { gzip } from '@fapws/gzip';
import { brokenLinksOf, pythonWith, ReadmeProject } from '@fapws/testing';
import { type PythonApplication, pythonApp } from '@fapws/wsgi';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

// Python loads a framework here, and a compiler runs, maybe on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const root = resolve(import.meta.dirname, '../../..');

describe('the guide', () => {
  const project = new ReadmeProject(['docs/python.md']);
  afterAll(() => project.remove());

  test('has programs that the compiler takes', async () => {
    expect(project.programs.length).toBeGreaterThan(4);
    expect(await project.complaints()).toBe('');
  });

  test('leads nowhere that is not there', () => {
    expect(brokenLinksOf(join(root, 'docs/python.md'))).toEqual([]);
  });
});

/** Those of the tests of @fapws/wsgi: each answers `/where` with the address that it thinks it has, and streams events. */
const applications = join(root, 'contrib/wsgi/test/frameworks/applications');

describe.each([
  ['flask', 'with_flask:app'],
  ['django', 'with_django:app'],
  ['bottle', 'with_bottle:app'],
  ['falcon', 'with_falcon:app'],
  ['pyramid', 'with_pyramid:create()'],
])('%s', (module, name) => {
  const python = pythonWith(module);

  describe.runIf(python)('behind a proxy and with compression', () => {
    let application: PythonApplication;
    let server: Server;
    beforeAll(async () => {
      application = pythonApp(name, { chdir: applications, python: python as string, threads: 3 });
      server = start('127.0.0.1', 0);
      const headers = [
        'X-Forwarded-For',
        'X-Forwarded-Proto',
        'X-Forwarded-Host',
        'X-Forwarded-Prefix',
      ] as const;
      server.use(gzip({ threshold: 1 }));
      server.use(forwarded({ trust: ['loopback'], headers }));
      server.mount('/part', application);
      await Promise.all([application.ready, server.listen()]);
    });
    afterAll(async () => {
      await server?.stop({ graceMs: 0 });
      await application?.close();
    });

    test('it makes addresses that the client can use, and knows who the client is', async () => {
      const answer = await fetch(`${server.url}/part/where`, {
        headers: {
          'X-Forwarded-For': '192.0.2.7',
          'X-Forwarded-Proto': 'https',
          'X-Forwarded-Host': 'shop.example',
          'X-Forwarded-Prefix': '/shop',
        },
      });
      expect(await answer.json()).toEqual({
        url: 'https://shop.example/shop/part/where',
        root: '/shop/part',
        path: '/where',
        client: '192.0.2.7',
      });
    });

    test('events arrive one by one, compressed', async () => {
      const answer = await fetch(`${server.url}/part/stream/events`, {
        headers: { 'Accept-Encoding': 'gzip' },
        signal: AbortSignal.timeout(20_000),
      });
      expect(answer.headers.get('content-encoding')).toBe('gzip');
      const events = answer.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>;
      const advance = (): Promise<Response> => fetch(`${server.url}/part/advance`, { method: 'POST' });
      for (const number of [1, 2, 3]) {
        const { value } = await events.read();
        expect(Buffer.from(value as Uint8Array).toString()).toBe(`data: ${number}\n\n`);
        // The next one is not made before.
        await advance();
      }
      await events.cancel();
      const closed = async (): Promise<unknown> => {
        await advance();
        return (await fetch(`${server.url}/part/closed`)).json();
      };
      await expect.poll(closed, { timeout: 20_000 }).toEqual(['events']);
    });
  });
});
