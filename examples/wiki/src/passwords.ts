// Passwords: never stored, and slow to guess.

import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<string, Buffer, number, Buffer>(scrypt);

const KEY_LENGTH = 32;

/** For the names that nobody has: to check them takes as long. */
const nobody = `${'0'.repeat(32)}:${'0'.repeat(64)}`;

/** Checks at a time. Each takes 16 MiB and tens of milliseconds: without a bound anybody could use up the machine. */
const MOST = 4;
let running = 0;

/** Whether another password may be seen to now. */
export const isBusy = (): boolean => running >= MOST;

/** What to store. */
export async function stored(password: string): Promise<string> {
  const salt = randomBytes(16);
  return `${salt.toString('hex')}:${(await keyOf(password, salt)).toString('hex')}`;
}

/** @param known what was stored, or undefined for an account that is not there */
export async function isRight(password: string, known: string | undefined): Promise<boolean> {
  const [salt, key] = (known ?? nobody).split(':').map(part => Buffer.from(part, 'hex')) as [Buffer, Buffer];
  return timingSafeEqual(await keyOf(password, salt), key) && known !== undefined;
}

async function keyOf(password: string, salt: Buffer): Promise<Buffer> {
  running += 1;
  try {
    return await derive(password.normalize(), salt, KEY_LENGTH);
  } finally {
    running -= 1;
  }
}
