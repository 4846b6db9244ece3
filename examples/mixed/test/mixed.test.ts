import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Chromium,
  chromium,
  Example,
  installed,
  makeBarePython,
  optional,
  type Program,
  pathTo,
  pythonWith,
  shownOrigin,
} from '@fapws/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

// A server, its Pythons and a browser are started here, maybe on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const example = new Example(import.meta.dirname);
const python = pythonWith('django');
const folder = mkdtempSync(join(tmpdir(), 'fapws-mixed-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.runIf(python)('the notice board', () => {
  let program: Program;
  let origin: string;
  beforeAll(async () => {
    program = example.start({ DATA: folder, PATH: pathTo(python) });
    origin = await program.origin();
  });
  afterAll(async () => program?.[Symbol.asyncDispose]());

  const get = (path: string): Promise<Response> =>
    fetch(origin + path, { signal: AbortSignal.timeout(20_000) });

  /** Sends the form as a browser does, with the token of the page. */
  async function putUp(text: string): Promise<Response> {
    const page = await get('/');
    const [, token] = /name="csrfmiddlewaretoken" value="(\w+)"/.exec(await page.text()) ?? [];
    return fetch(origin, {
      method: 'POST',
      body: new URLSearchParams({ csrfmiddlewaretoken: token as string, text }),
      headers: { Cookie: page.headers.getSetCookie()[0]?.split(';')[0] as string },
      redirect: 'manual',
      signal: AbortSignal.timeout(20_000),
    });
  }

  /** Events as they arrive, one by one. */
  async function* follow(signal: AbortSignal): AsyncGenerator<string> {
    const answer = await fetch(`${origin}/api/events`, { signal });
    let rest = '';
    for await (const piece of answer.body as ReadableStream<Uint8Array>) {
      rest += Buffer.from(piece).toString();
      const events = rest.split('\n\n');
      rest = events.pop() as string;
      yield* events;
    }
  }
  const next = async (events: AsyncGenerator<string>): Promise<string> =>
    (await events.next()).value as string;

  test.runIf(installed('curl'))('the README shows what comes out', async () => {
    const { shown, went } = await example.followReadme({ [shownOrigin]: origin });
    expect(went).toBe(shown);
  });

  test('readers hear of each other and of notices at once; Django is told how many they are', async () => {
    const ends = AbortSignal.timeout(20_000);
    const leaving = new AbortController();
    const first = follow(ends);
    expect(await next(first)).toBe('event: readers\ndata: 1');
    const second = follow(leaving.signal);
    expect(await next(second)).toBe('event: readers\ndata: 2');
    expect(await next(first)).toBe('event: readers\ndata: 2');
    expect(await (await get('/')).text()).toContain('<output id="readers">2</output>');
    expect(await (await get('/api/readers')).json()).toEqual({ readers: 2 });

    const answer = await putUp('Lost: one <b>glove</b>');
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/']);
    expect([await next(first), await next(second)]).toEqual(Array(2).fill('event: notice\ndata: new'));
    expect(await (await get('/')).text()).toContain('<li>Lost: one &lt;b&gt;glove&lt;/b&gt; <time');

    // Nothing is told of a form that was not taken.
    expect((await putUp(' ')).status).toBe(422);
    leaving.abort();
    expect(await next(first)).toBe('event: readers\ndata: 1');
    await first.return(undefined);
  });

  test('a notice without the token of the page is refused', async () => {
    const body = new URLSearchParams({ text: 'x' });
    expect((await fetch(origin, { method: 'POST', body })).status).toBe(403);
  });

  describe.runIf(optional('Chromium', chromium !== undefined, 'apt-get install chromium'))(
    'in Chromium',
    () => {
      let browser: Chromium;
      beforeAll(async () => {
        browser = new Chromium(chromium as string);
        await browser.open(`${origin}/`);
      });
      afterAll(async () => browser?.[Symbol.asyncDispose]());

      test('the page has its style, and shows what others put up without being loaded again', async () => {
        expect(await browser.evaluate("getComputedStyle(document.querySelector('ol')).listStyleType")).toBe(
          'none',
        );
        await browser.shows('#readers', /^1$/);
        await putUp('Found: a glove');
        await browser.shows('body', /Found: a glove/);
      });

      test('its form puts something up', async () => {
        await browser.evaluate("void (document.querySelector('[name=text]').value = 'It is mine')");
        await browser.load(() => browser.click('button'));
        await browser.shows('#notices', /It is mine/);
      });

      test('the browser had nothing to complain about and asked nobody else', () => {
        expect(browser.complaints).toEqual([]);
        const elsewhere = browser.requests.filter(
          url => !url.startsWith(`${origin}/`) && !url.startsWith('data:'),
        );
        expect(elsewhere).toEqual([]);
      });
    },
  );

  test('it ends when it is told to, also with readers', async () => {
    const events = follow(AbortSignal.timeout(20_000));
    expect(await next(events)).toMatch(/readers/);
    expect(await program.end('SIGTERM'), program.output).toBe(0);
    expect(program.output).not.toMatch(/Traceback|were cut/);
    await events.return(undefined);
  });
});

test.runIf(installed('python3'))('without Django it says how to get it', async () => {
  const path = pathTo(makeBarePython(join(folder, 'bare')));
  await using program = example.start({ DATA: join(folder, 'none'), PATH: path });
  expect(await program.end()).toBe(1);
  expect(program.output).toContain('Is Django here? apt-get install python3-django, or pip install django');
});
