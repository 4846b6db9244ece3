// What a client can try: to be believed without a proxy, to have a proxy pass on what it claims, to make it costly.

import { start } from '@fapws/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { forwarded } from '../src/index.ts';
import { ask, proxy, see, tell } from './seen.ts';

const trust = ['10.0.0.0/8'];
const stranger = '198.51.100.66';

/** Everything that some program believes. */
const everything = {
  Forwarded: 'for=127.0.0.1;proto=https;host=evil.example',
  'X-Forwarded': 'for=127.0.0.1',
  'X-Forwarded-For': '127.0.0.1',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Host': 'evil.example',
  'X-Forwarded-Port': '1',
  'X-Forwarded-Prefix': '/evil',
  'X-Forwarded-Server': 'evil',
  'X-Forwarded-Ssl': 'on',
  'X-Forwarded-Scheme': 'https',
  'X-Real-IP': '127.0.0.1',
  'X-Client-IP': '127.0.0.1',
  'X-Cluster-Client-IP': '127.0.0.1',
  'X-Original-Forwarded-For': '127.0.0.1',
  'True-Client-IP': '127.0.0.1',
  'CF-Connecting-IP': '127.0.0.1',
  'Fastly-Client-IP': '127.0.0.1',
};

describe('a peer that is not trusted', () => {
  test.each(Object.keys(everything))('has its %s taken out', async name => {
    const seen = await see({ trust }, { 'X-Kept': '1', [name]: '127.0.0.1', Fetched: '1' }, stranger);
    expect(seen).toMatchObject({
      address: stranger,
      scheme: 'http',
      host: 'localhost',
      script: '',
      claims: {},
    });
    expect(seen.lines).toEqual(['host', 'x-kept', 'fetched']);
  });

  test.each(Object.keys(everything))('has its %s with underscores taken out', async name => {
    const spelt = name.replace('-', '_');
    expect((await see({ trust }, { [spelt]: '127.0.0.1' }, stranger)).lines).toEqual(['host']);
    expect((await see({ trust }, { [spelt]: '127.0.0.1' })).lines).toEqual(['host']);
  });

  test('changes nothing by all of it', async () => {
    expect(await see({ trust }, everything, stranger)).toEqual(await see({ trust }, {}, stranger));
  });

  test('is not refused for nonsense: nobody reads it', async () => {
    expect(await see({ trust }, { 'X-Forwarded-For': '<>', Forwarded: '"' }, stranger)).toMatchObject({
      claims: {},
    });
  });

  test.each([
    '10.0.0.1.evil',
    '',
    'unknown',
    '11.0.0.1',
    '::ffff:11.0.0.1',
    '::10.0.0.1',
    '::',
    'fe80::1%10.0.0.1',
    'unix:',
  ])('is not trusted as "%s"', async remote => {
    expect(await see({ trust }, everything, remote)).toMatchObject({ address: remote, claims: {} });
  });

  test('spells names in any case, twice, and with underscores', async () => {
    const lines = [
      ['x-FORWARDED-for', '127.0.0.1'],
      ['X-Forwarded-For', '127.0.0.1'],
      ['X_Forwarded_For', '127.0.0.1'],
      ['X-Forwarded_For', '127.0.0.1'],
      ['FORWARDED', 'for=127.0.0.1'],
      ['X_Real_IP', '127.0.0.1'],
    ] as const;
    const seen = await see({ trust }, lines, stranger);
    expect([seen.claims, seen.lines]).toEqual([{}, ['host']]);
  });

  test('has names of one’s own taken out too', async () => {
    const strip = ['X-Remote-User', 'Q'.padEnd(3, 'Z')];
    const seen = await see(
      { trust, strip },
      { 'X-Remote-User': 'root', qzz: '1', 'X-Remote': '1' },
      stranger,
    );
    expect([seen.claims, seen.lines]).toEqual([{}, ['host', 'x-remote']]);
  });

  test('is stripped in an environ that another server has made, too', () => {
    const environ: Record<string, unknown> = {
      REMOTE_ADDR: stranger,
      HTTP_X_FORWARDED_FOR: '::1',
      HTTP_ACCEPT: '*/*',
    };
    let reached = false;
    const application = forwarded({ trust })(() => {
      reached = true;
    });
    void application(environ as never, (() => () => undefined) as never);
    expect([reached, environ]).toEqual([true, { REMOTE_ADDR: stranger, HTTP_ACCEPT: '*/*' }]);
    const trusted: Record<string, unknown> = {
      REMOTE_ADDR: proxy,
      HTTP_X_FORWARDED_FOR: '::1',
      HTTP_X_REAL_IP: '::2',
    };
    void application(trusted as never, (() => () => undefined) as never);
    expect(trusted).toMatchObject({ REMOTE_ADDR: '::1', HTTP_X_FORWARDED_FOR: '::1' });
    expect(trusted).not.toHaveProperty('HTTP_X_REAL_IP');
  });
});

describe('what a proxy passes on without having set it', () => {
  test('is not believed, and taken out', async () => {
    const seen = await see(
      { trust },
      { ...everything, 'X-Forwarded-For': '192.0.2.1', 'X-Forwarded-Proto': 'http' },
    );
    expect(seen).toMatchObject({ address: '192.0.2.1', scheme: 'http', host: 'localhost', script: '' });
    expect(seen.claims).toEqual({ HTTP_X_FORWARDED_FOR: '192.0.2.1', HTTP_X_FORWARDED_PROTO: 'http' });
    expect(seen.lines).toEqual(['host', 'x-forwarded-for', 'x-forwarded-proto']);
  });

  test('of the other family is not believed, and taken out', async () => {
    const only = { trust, headers: ['Forwarded'] as const };
    const seen = await see(only, { ...everything, Forwarded: 'for=192.0.2.1' });
    expect(seen).toMatchObject({ address: '192.0.2.1', scheme: 'http', host: 'localhost' });
    expect(seen.claims).toEqual({ HTTP_FORWARDED: 'for=192.0.2.1' });
    expect(seen.lines).toEqual(['host', 'forwarded']);
  });

  test('with underscores does not take the proxy’s own word away', async () => {
    const lines = [
      ['X-Forwarded_For', '127.0.0.1'],
      ['X-Forwarded-For', '192.0.2.1'],
      ['x_forwarded_proto', 'https'],
    ] as const;
    const seen = await see({ trust }, lines);
    expect(seen).toMatchObject({ address: '192.0.2.1', scheme: 'http' });
    expect(seen.lines).toEqual(['host', 'x-forwarded-for']);
  });
});

test('whatever a client writes first, the client is who the proxy says', async () => {
  const piece = fc.constantFrom(
    '127.0.0.1',
    '10.0.0.9',
    '::1',
    'unknown',
    '_x',
    'unix:',
    '"',
    ';',
    ' ',
    '\t',
    '%',
    'for=',
    '192.0.2.1:1',
  );
  const written = fc.array(
    fc.array(piece, { maxLength: 4 }).map(parts => parts.join('')),
    { maxLength: 6 },
  );
  await fc.assert(
    fc.asyncProperty(written, fc.boolean(), async (entries, inLines) => {
      const list = [...entries, '198.51.100.7', '10.0.0.2'];
      const headers = inLines
        ? list.map((entry): [string, string] => ['X-Forwarded-For', entry])
        : { 'X-Forwarded-For': list.join(', ') };
      expect((await see({ trust }, headers)).address).toBe('198.51.100.7');
      expect((await see({ trust, hops: 2 }, headers)).address).toBe('198.51.100.7');
    }),
    { numRuns: 60 },
  );
});

test('whatever comes is answered, and no page shows it', async () => {
  const names = fc.constantFrom(...Object.keys(everything));
  const values = fc.string({
    unit: fc.integer({ min: 0x20, max: 0x7e }).map(code => String.fromCharCode(code)),
    maxLength: 30,
  });
  const headers = [
    'Forwarded',
    'X-Forwarded-For',
    'X-Forwarded-Proto',
    'X-Forwarded-Host',
    'X-Forwarded-Port',
    'X-Forwarded-Prefix',
  ] as const;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(names, values), { maxLength: 5 }), async lines => {
      const response = await ask({ trust, headers }, [...lines, ['X-Forwarded-Prefix', '<b>']]);
      expect(response.statusCode).toBe(400);
      expect(response.header('content-type')).toBe('text/plain; charset=utf-8');
      expect(response.text()).not.toContain('<b>');
    }),
    { numRuns: 100 },
  );
});

test('the longest list that a request can carry is read in no time', async () => {
  const trusted = '10.0.0.1,'.repeat(900);
  const started = performance.now();
  for (let round = 0; round < 20; round += 1) {
    expect((await see({ trust }, { 'X-Forwarded-For': `198.51.100.7,${trusted}` })).address).toBe(
      '198.51.100.7',
    );
  }
  // About 0.2 ms each; quadratic work would take a second.
  expect((performance.now() - started) / 20).toBeLessThan(100);
});

test('over sockets: who comes by TCP is not who comes by the unix socket', async () => {
  const server = start('127.0.0.1', 0);
  server.mount('/', forwarded({ trust: ['unix'] })(tell));
  await server.listen();
  try {
    const response = await fetch(server.url, {
      headers: { 'X-Forwarded-For': '192.0.2.1', 'X-Forwarded-Proto': 'https' },
      signal: AbortSignal.timeout(5000),
    });
    expect(await response.json()).toMatchObject({ address: '127.0.0.1', scheme: 'http', claims: {} });
  } finally {
    await server.stop();
  }
});
