// Where callbacks meet their paths: the five steps of Fapws in one file.

import { ListenError, start } from '@fapws/core';
import { download } from './download.ts';
import { environDump } from './environ-dump.ts';
import { form } from './form.ts';
import { generator } from './generator.ts';
import { greet, hello } from './hello.ts';
import { page } from './page.ts';
import { ticks } from './ticks.ts';
import { upload } from './upload.ts';

const HOST = '127.0.0.1';
const GIBIBYTE = 1024 ** 3;

/** The port that the environment asks for, 8080 otherwise; undefined if it asks for something else than a port. */
function chosenPort(): number | undefined {
  const asked = process.env['PORT'] || '8080';
  const port = Number(asked);
  return /^\d+$/.test(asked) && port <= 65_535 ? port : undefined;
}

async function serve(port: number): Promise<void> {
  // 1. Where to listen. Most servers can leave the rest as it is; here uploads may be larger than usual.
  const server = start(HOST, port, { limits: { content: GIBIBYTE } });

  // 2. and 3. Callbacks (each in its file) under paths.
  server
    .route('GET', '/', page(server.loop))
    .route('GET', '/hello', hello)
    .route('GET', '/hello/:name', greet)
    .route('GET', '/generator', generator)
    .route('POST', '/form', form)
    .route('GET', '/download', download)
    .route(['POST', 'PUT'], '/upload', upload)
    .route('GET', '/ticks', ticks)
    .mount('/environ', environDump);

  // 4. Run, until Ctrl-C. Ticks never end by themselves, so the last answers get one second and not ten.
  // 5. The event loop: LIBEV_FLAGS chooses another one where there are several.
  await server.run({
    graceMs: 1000,
    print: line => {
      const { url } = server;
      console.log(`${line}

  Open ${url}/ or try:
    curl ${url}/hello/you
    curl -d word=bonjour ${url}/form
    curl -N ${url}/ticks

  Ctrl-C stops it.`);
    },
  });
}

const port = chosenPort();
if (port === undefined) {
  console.error(
    `PORT=${process.env['PORT']} is not a port. Give a number from 0 (any free port) to 65535, as in: PORT=8081 npx -y pnpm@12 start`,
  );
  process.exitCode = 1;
} else {
  try {
    await serve(port);
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    // A ListenError says in one sentence what is wrong and what to do.
    console.error(
      error.code === 'FAPWS_LISTEN_BUSY'
        ? `${error.message} For any free one: PORT=0 npx -y pnpm@12 start`
        : error.message,
    );
    process.exitCode = 1;
  }
}
