import files from '@fastify/static';
import fastify from 'fastify';
import { host, IDLE_SECONDS, port } from '../lib/control-channel.mjs';
import { folder, makeFiles } from '../lib/files.mjs';

makeFiles();
const app = fastify({ keepAliveTimeout: IDLE_SECONDS * 1000 });
app.register(files, { root: folder, maxAge: 3_600_000 });
await app.listen({ port, host });
