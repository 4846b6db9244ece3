import { start } from '@fapws/core';
import { staticFiles } from '@fapws/static';
import { host, port } from '../lib/control-channel.mjs';
import { folder, makeFiles } from '../lib/files.mjs';

makeFiles();
const server = start(host, port);
server.mount('/', staticFiles(folder, { maxAge: 3600 }));
await server.listen();
