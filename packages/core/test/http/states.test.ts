// The table of states: each transition in it happens, and nothing else can.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { runFromSource } from '@fapws/testing';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import * as states from '../../src/http/states.ts';
import { hello, line, readContent, respond, Server } from './wire.ts';

const { eventNames, nextState, stateNames, transitions } = states;

/** Every transition that a connection has made since the test began. */
const made = vi.hoisted(() => ({ transitions: new Set<string>() }));

vi.mock('../../src/http/states.ts', async importOriginal => {
  const original = await importOriginal<typeof states>();
  return {
    ...original,
    nextState(state: number, event: number): number {
      const to = original.nextState(state, event);
      made.transitions.add(
        `${original.stateNames[state]} ${original.eventNames[event]} ${original.stateNames[to]}`,
      );
      return to;
    },
  };
});

beforeEach(() => made.transitions.clear());

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n';
const pending = (): void => {};

/** How each transition comes about. */
const scenarios: Record<string, () => void | Promise<void>> = {
  'Idle PrefaceExpected Preface': () => void new Server({ preface: line }).connect(),
  'Preface PrefaceComplete Idle': () => void new Server({ preface: line }).connect().send('for a\n'),
  'Preface Gone Closed': () => void new Server({ preface: line }).connect().finish(),
  'Idle Octets Head': () => void new Server().connect().send('G'),
  'Idle LastAnswer Lingering': () => {
    // The server stops while the last octets of an answer are on their way.
    const server = new Server();
    const client = server.connect();
    client.takes = false;
    client.send(GET);
    client.connection.closeIfIdle();
  },
  'Idle Gone Closed': () => void new Server().connect().finish(),
  'Head Octets Head': () => void new Server().connect().send('G', 'E'),
  'Head HeadComplete Content': () => void new Server().connect().send(GET),
  'Head LastAnswer Lingering': () => void new Server().connect().send('GET / FTP\r\n\r\n'),
  'Head Gone Closed': () => void new Server().connect().send('G').finish(),
  'Content Octets Content': () =>
    void new Server({ app: exchange => readContent(exchange, pending) }).connect().send(POST, 'a'),
  'Content MessageComplete Answering': () => void new Server({ app: pending }).connect().send(POST, 'abcd'),
  'Content AnswerComplete Discarding': () => void new Server().connect().send(POST),
  'Content LastAnswer Lingering': () =>
    void new Server().connect().send(POST.replace('Host', 'Connection: close\r\nHost')),
  'Content Gone Closed': async () => {
    const server = new Server({ app: pending });
    server.connect().send(POST).break();
    await server.quiet();
  },
  'Answering AnswerComplete Idle': () => {
    const server = new Server({ app: pending });
    server.connect().send(GET);
    hello(server.exchange);
  },
  'Answering LastAnswer Lingering': () => {
    const server = new Server({ app: pending });
    server.connect().send(GET.replace('Host', 'Connection: close\r\nHost'));
    hello(server.exchange);
  },
  'Answering Gone Closed': async () => {
    const server = new Server({ app: pending });
    server.connect().send(GET).break();
    await server.quiet();
  },
  'Discarding Octets Discarding': () => void new Server().connect().send(POST, 'a'),
  'Discarding MessageComplete Idle': () => void new Server().connect().send(POST, 'abcd'),
  'Discarding LastAnswer Lingering': () =>
    void new Server()
      .connect()
      .send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n', 'no size\r\n'),
  'Discarding Gone Closed': () => void new Server().connect().send(POST).finish(),
  'Lingering Gone Closed': async () => {
    const server = new Server({ app: exchange => respond(exchange, '') });
    server.connect().send(GET.replace('Host', 'Connection: close\r\nHost')).finish();
    await server.quiet();
  },
};

describe('states of a connection', () => {
  const listed = transitions.map(
    ([from, event, to]) => `${stateNames[from]} ${eventNames[event]} ${stateNames[to]}`,
  );

  test.each(Object.entries(scenarios))('%s', async (transition, scenario) => {
    expect(listed).toContain(transition);
    await scenario();
    expect([...made.transitions]).toContain(transition);
  });

  test('the table has no transition that never happens', () => {
    expect(listed.toSorted()).toEqual(Object.keys(scenarios).toSorted());
  });

  test('what is not in the table throws, and says what was about to happen', () => {
    for (const [state, stateName] of stateNames.entries()) {
      for (const [event, eventName] of eventNames.entries()) {
        const to = transitions.find(([from, on]) => from === state && on === event)?.[2];
        if (to !== undefined) expect(nextState(state, event)).toBe(to);
        else expect(() => nextState(state, event)).toThrow(`impossible: ${eventName} while ${stateName}`);
      }
    }
  });

  test('no state is left twice by the same event', () => {
    const keys = transitions.map(([from, event]) => `${from} ${event}`);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('the diagram in docs/architecture.md is drawn from the table as it is', async () => {
    const script = fileURLToPath(new URL('../../scripts/state-diagram.mjs', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [...runFromSource, script]);
    expect(stdout).toContain('Idle --> Head: Octets');
    const document = readFileSync(new URL('../../../../docs/architecture.md', import.meta.url), 'utf8');
    expect(document, 'run: npx tsx packages/core/scripts/state-diagram.mjs --write').toContain(stdout);
  });
});
