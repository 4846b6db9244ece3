// What llhttp and the collector cost, without anything that is made of the table.
// `pnpm --filter @fapws/core bench parser` runs it.
import { bench, run } from 'mitata';
import { sharedParser } from '../src/parser/parser.ts';

const parser = sharedParser();
const fields = Array.from(
  { length: 11 },
  (_, n) => `X-Field-${n}: some value of a usual length ${n}\r\n`,
).join('');
const messages = {
  'one header': 'GET /hello HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n',
  '12 headers': `GET /hello HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n${fields}\r\n`,
  '1 KiB of content': `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1024\r\n\r\n${'x'.repeat(1024)}`,
  '64 chunks': `POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${'10\r\n0123456789abcdef\r\n'.repeat(64)}0\r\n\r\n`,
};

for (const [name, text] of Object.entries(messages)) {
  bench(name, () => {
    // Each message anew: another one would overwrite it.
    const length = parser.input.write(text, 'latin1');
    parser.reset();
    parser.execute(parser.inputAddress, parser.inputAddress + length);
  });
}
bench('a message cut in two, its state put aside between', () => {
  const length = parser.input.write(messages['12 headers'], 'latin1');
  const half = parser.inputAddress + (length >> 1);
  parser.reset();
  parser.execute(parser.inputAddress, half);
  parser.restore(parser.save());
  parser.execute(half, parser.inputAddress + length);
});

await run();
