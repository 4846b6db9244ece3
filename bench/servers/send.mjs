import { createServer } from 'node:http';
import send from 'send';
import { host, IDLE_SECONDS, port } from '../lib/control-channel.mjs';
import { folder, makeFiles } from '../lib/files.mjs';

makeFiles();
const server = createServer((req, res) => {
  send(req, req.url, { root: folder, maxAge: 3_600_000 }).pipe(res);
});
server.keepAliveTimeout = IDLE_SECONDS * 1000;
server.listen(port, host);
