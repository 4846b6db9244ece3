// Content whose length is not known before its end: stored in a file that has no name, which the script then reads.

import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Input } from '@fapws/core';

/** Stored content. Close it when the script has it. */
export interface Spooled {
  readonly file: FileHandle;
  readonly length: number;
}

/**
 * Stores all of the content. How much that may be is bounded by the server's `limits.content`.
 * @throws RequestError as the input does
 */
export async function spool(input: Input, folder: string): Promise<Spooled> {
  const path = join(folder, `fapws-cgi-${randomUUID()}`);
  const { O_RDWR, O_CREAT, O_EXCL } = constants;
  const file = await open(path, O_RDWR | O_CREAT | O_EXCL, 0o600);
  try {
    // From now on it is gone with the last one who has it open, whatever happens.
    await unlink(path);
    let length = 0;
    for await (const piece of input) {
      for (let at = 0; at < piece.length; ) {
        // By position: the place from which the script reads stays at the beginning.
        const { bytesWritten } = await file.write(piece, at, piece.length - at, length);
        at += bytesWritten;
        length += bytesWritten;
      }
    }
    return { file, length };
  } catch (error) {
    await file.close();
    throw error;
  }
}
