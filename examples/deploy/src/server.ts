// A server as it stands behind a proxy: where it listens, whom it believes and how it stops is told by the environment, so
// that one program fits every way of deployment in docs/deploy.md.

import { type Address, ListenError, start } from '@fapws/core';
import { ActivationError, activation, notify } from '@fapws/systemd';
import { alive, download, slow, ticks, upload, whoAmI } from './applications.ts';
import { believed } from './front.ts';
import { defaultAddress, type Settings, SettingsError, settingsFrom } from './settings.ts';

const KIBIBYTE = 1024;
const MEBIBYTE = 1024 ** 2;

async function serve(settings: Settings): Promise<void> {
  const { front, instance, idleSeconds, lameDuckMs, graceMs } = settings;
  const { middleware, preface } = believed(settings);
  const server = start(addressesOf(settings), {
    preface,
    timeouts: { idle: idleSeconds },
    limits: {
      // A front that has read an upload sends all of it before it looks at the answer: no less than its own limit.
      linger: 16 * MEBIBYTE,
      // Behind a front that speaks HTTP all connections are the front's, whose own limits count the clients.
      ...(front === 'x-forwarded' ? { connectionsPerAddress: Number.POSITIVE_INFINITY } : {}),
    },
  });
  if (middleware !== undefined) server.use(middleware);
  server
    .route('GET', '/health', server.health)
    .route('GET', '/alive', alive)
    .route('GET', '/whoami', whoAmI(instance))
    .route(['POST', 'PUT'], '/upload', upload)
    .route('POST', '/note', upload, { limits: { content: 64 * KIBIBYTE } })
    .route('GET', '/download', download)
    .route('GET', '/ticks', ticks)
    .route('GET', '/slow', slow);
  // Tells systemd when the server is ready, alive and about to stop; does nothing elsewhere.
  notify(server);
  await server.run({ lameDuckMs, graceMs });
}

/** What LISTEN says, else what systemd has opened, else a port of this machine. */
function addressesOf({ addresses }: Settings): readonly Address[] {
  if (addresses.length > 0) return addresses;
  const inherited = activation();
  return inherited.length > 0 ? inherited : [defaultAddress];
}

try {
  await serve(settingsFrom(process.env));
} catch (error) {
  const expected = [SettingsError, ListenError, ActivationError].some(kind => error instanceof kind);
  if (!expected) throw error;
  console.error((error as Error).message);
  process.exitCode = 1;
}
