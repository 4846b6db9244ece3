// On the portable loop: what one read asks for leaves in one call of the system, in the turn of that read.
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Exchange } from '../../src/http/exchange.ts';
import { defaultLimits, defaultTimeouts } from '../../src/http/limits.ts';
import { Protocol } from '../../src/http/protocol.ts';
import { PortableLoop } from '../../src/loop/portable.ts';
import type { Listener, TcpAddress, Transport } from '../../src/loop/types.ts';
import { sharedParser } from '../../src/parser/parser.ts';
import { answersIn, respond } from './wire.ts';

const get = (path: string | number): string => `GET /${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

let listener: Listener | null = null;
let client: Socket | null = null;
let protocol: Protocol | null = null;

afterEach(async () => {
  vi.restoreAllMocks();
  client?.destroy();
  protocol?.cutAll();
  await listener?.close();
});

/** Sends octets to a server, and collects what comes back and how often the server's socket was written to. */
async function ask(
  answer: (exchange: Exchange) => void,
  octets: string,
  answers: number,
): Promise<{ received: Buffer; writes: number }> {
  const loop = new PortableLoop(sharedParser().input);
  let transport: Transport | undefined;
  const made = new Protocol({
    parser: sharedParser(),
    limits: defaultLimits,
    timeouts: defaultTimeouts,
    answerer: { answer, refusalPage: ({ detail }) => ({ headers: [], content: detail }) },
    ident: '',
    afterTurn: task => loop.afterTurn(task),
  });
  protocol = made;
  listener = await loop.listen(
    { host: '127.0.0.1', port: 0 },
    { backlog: 10, reusePort: false },
    {
      open: given => {
        transport = given;
        return made.open(given);
      },
      error: error => {
        throw error;
      },
    },
  );
  const socket = connect((listener.address as TcpAddress).port, '127.0.0.1');
  client = socket;
  await new Promise(resolve => socket.once('connect', resolve));
  await vi.waitFor(() => expect(transport).toBeDefined());
  const write = vi.spyOn((transport as unknown as { socket: Socket }).socket, 'write');
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  socket.write(octets);
  await vi.waitFor(() => {
    expect(Buffer.concat(parts).toString('latin1').split('HTTP/1.1 200').length - 1).toBe(answers);
    expect(answersIn(Buffer.concat(parts))).toHaveLength(answers);
  }, 10_000);
  return { received: Buffer.concat(parts), writes: write.mock.calls.length };
}

const paths = (count: number): string[] => Array.from({ length: count }, (_, at) => `/${at}`);
const row = (count: number): string => Array.from({ length: count }, (_, at) => get(at)).join('');
const tell = (exchange: Exchange): void => respond(exchange, exchange.head.path);

describe('the portable loop', () => {
  test('sends 300 answers to one read with one write, in order', async () => {
    const { received, writes } = await ask(tell, row(300), 300);
    expect(answersIn(received).map(({ content }) => content)).toEqual(paths(300));
    expect(writes).toBe(1);
  });

  test('sends an answer in pieces, all of which are produced at once, with one write', async () => {
    const { writes } = await ask(
      exchange => {
        exchange.setHead('200 OK', []);
        for (let piece = 0; piece < 50; piece += 1)
          exchange.send(piece % 2 === 0 ? 'text' : Buffer.from('bytes'));
        exchange.finish();
      },
      get(1),
      1,
    );
    expect(writes).toBe(1);
  });

  test('answers 1 000 requests in order, whenever each answer is ready', async () => {
    const { received, writes } = await ask(
      exchange => {
        const number = Number(exchange.head.path.slice(1));
        if (number % 3 === 0) setImmediate(() => tell(exchange));
        else if (number % 3 === 1) queueMicrotask(() => tell(exchange));
        else tell(exchange);
      },
      row(1000),
      1000,
    );
    expect(answersIn(received).map(({ content }) => content)).toEqual(paths(1000));
    expect(writes).toBeLessThanOrEqual(1000);
  });
});
