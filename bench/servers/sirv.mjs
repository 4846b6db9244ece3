// Its fastest way: it looks at the files once, at its start, and never again.
import { createServer } from 'node:http';
import sirv from 'sirv';
import { host, IDLE_SECONDS, port } from '../lib/control-channel.mjs';
import { folder, makeFiles } from '../lib/files.mjs';

makeFiles();
const serve = sirv(folder, { etag: true, maxAge: 3600 });
const server = createServer((req, res) => serve(req, res, () => res.writeHead(404).end()));
server.keepAliveTimeout = IDLE_SECONDS * 1000;
server.listen(port, host);
