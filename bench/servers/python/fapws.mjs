import { start } from '@fapws/core';
import { pythonApp } from '@fapws/wsgi';
import { host, port } from '../../lib/control-channel.mjs';

const { MODULE, WORKERS, THREADS } = process.env;

// All clients of a benchmark come from one address.
const server = start(host, port, { limits: { connectionsPerAddress: Number.POSITIVE_INFINITY } });
const app = pythonApp(`${MODULE}:application`, {
  // That for which Debian's packages are, as for the others.
  python: '/usr/bin/python3',
  chdir: import.meta.dirname,
  workers: Number(WORKERS),
  threads: Number(THREADS),
});
server.mount('/', app);
await app.ready;
await server.listen();
