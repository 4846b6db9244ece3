// A server whose workers are forks, to be killed.

import { start } from '@fapws/core';
import { pythonApp } from '../../src/index.ts';

const server = start('127.0.0.1', 0);
const chdir = `${import.meta.dirname}/../applications`;
server.mount('/', pythonApp('preloaded:application', { chdir, preload: true }));
await server.run();
