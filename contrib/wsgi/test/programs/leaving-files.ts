// Ends while content is stored in files that have names.

import { readdirSync } from 'node:fs';
import { Spool } from '../../src/spool.ts';

const directory = process.argv[2] as string;
async function* nothing(): AsyncGenerator<Uint8Array> {}
const spools = [1, 2].map(() => new Spool({ directory, limit: 100 }, false));
await Promise.all(spools.map(spool => spool.store(new Uint8Array(10), nothing())));
console.log(`${readdirSync(directory).length} files`);
process.exit();
