// What a whole request costs between the loop and the application: parsing, routing, environ, framing, without sockets.
// `pnpm --filter @fapws/core bench framing` runs it.
import { Buffer } from 'node:buffer';
import { bench, group, run } from 'mitata';
import {
  type Acceptor,
  type Address,
  type ListenOptions,
  type Loop,
  Server,
  type Transport,
} from '../src/index.ts';
import { sharedParser } from '../src/parser/parser.ts';

/** A loop without sockets: the benchmark is the client. */
class NoLoop implements Loop {
  readonly name = 'none';
  acceptor!: Acceptor;

  async listen(address: Address, _options: ListenOptions, acceptor: Acceptor) {
    this.acceptor = acceptor;
    return { address, close: async () => {} };
  }

  addTimer() {
    return { stop() {}, restart() {} };
  }

  afterTurn(task: () => void) {
    task();
  }

  defer(task: () => void) {
    task();
  }
}

/** Takes what is written and forgets it. */
class Sink implements Transport {
  readonly backlog = 0;
  readonly remote = { address: '127.0.0.1', port: 1 };
  readonly local = { address: '127.0.0.1', port: 80 };
  #text = '';
  static readonly #octets: Buffer = Buffer.alloc(1 << 16);

  write(data: string | Uint8Array): boolean {
    this.#text += typeof data === 'string' ? data : Buffer.from(data).toString('latin1');
    return true;
  }

  writeWhole(head: string, content: string | Uint8Array): boolean {
    this.write(head);
    return this.write(content);
  }

  /** What a socket does with a string: join its pieces and copy its octets. */
  flush() {
    Sink.#octets.write(this.#text, 'latin1');
    this.#text = '';
  }

  pause() {}
  resume() {}
  end() {}
  destroy() {}
  reset() {}
}

const loop = new NoLoop();
const server = new Server([{ host: '127.0.0.1', port: 1 }], { loop });
server.route('GET', '/hello', (_environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return ['Hello World!!'];
});
server.route('GET', '/environ', (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return [environ.REQUEST_METHOD + environ.PATH_INFO + environ.QUERY_STRING + environ.HTTP_USER_AGENT];
});
server.route('GET', '/generator', (_environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return (function* pieces() {
    for (let n = 0; n < 64; n += 1) yield 'one of sixty-four pieces';
  })();
});
await server.listen();

const browser = [
  'Connection: keep-alive',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
  'Cookie: session=0123456789abcdef; theme=dark',
  'Referer: http://127.0.0.1/index.html',
  'Sec-Fetch-Dest: document',
  'Sec-Fetch-Mode: navigate',
  'Sec-Fetch-Site: same-origin',
  'Upgrade-Insecure-Requests: 1',
];
const request = (path: string, fields: readonly string[] = []) =>
  `GET ${path} HTTP/1.1\r\n${['Host: 127.0.0.1:8080', ...fields].join('\r\n')}\r\n\r\n`;

const { input } = sharedParser();

function benchRead(name: string, text: string) {
  const octets = Buffer.from(text);
  const sink = new Sink();
  const connection = loop.acceptor.open(sink);
  bench(name, () => {
    input.set(octets);
    connection.data(octets.length);
    sink.flush();
  });
}

group('one request', () => {
  benchRead('hello', request('/hello'));
  benchRead('hello, 12 headers', request('/hello', browser));
  benchRead('four keys of the environ, 12 headers', request('/environ?a=1', browser));
  benchRead('not found', request('/nowhere'));
  benchRead('generator of 64 pieces', request('/generator'));
});
group('sixteen requests in one read', () => {
  benchRead('hello', request('/hello').repeat(16));
  benchRead('hello, 12 headers', request('/hello', browser).repeat(16));
});

await run();
