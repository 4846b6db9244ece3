// A server as it stands behind a proxy: where it listens, whom it believes and how it stops is told by the environment, so
// that one program fits every way of deployment in docs/deploy.md.

import { ListenError, start } from '@fapws/core';
import { download, slow, ticks, upload, whoAmI } from './applications.ts';
import { defaultAddress, type Settings, SettingsError, settingsFrom } from './settings.ts';

async function serve({ addresses, instance, graceMs }: Settings): Promise<void> {
  const server = start(addresses.length > 0 ? addresses : [defaultAddress]);
  server
    .mount('/whoami', whoAmI(instance))
    .route(['POST', 'PUT'], '/upload', upload)
    .route('GET', '/download', download)
    .route('GET', '/ticks', ticks)
    .route('GET', '/slow', slow);
  await server.run({ graceMs });
}

try {
  await serve(settingsFrom(process.env));
} catch (error) {
  if (!(error instanceof SettingsError || error instanceof ListenError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
