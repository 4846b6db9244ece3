// Formats of access logs: those of @fapws/log, and gunicorn's, which are written `%(h)s`, in their words.

import { UsageError } from './errors.ts';

/** gunicorn's atoms that have another letter here. */
const atoms: Readonly<Record<string, string>> = {
  t: '%t',
  f: '%{Referer}i',
  a: '%{User-Agent}i',
  T: '%T',
  M: '%{ms}T',
  D: '%D',
  p: '%P',
};

/** @throws {UsageError} for an atom of gunicorn that there is not */
export function logFormatOf(format: string): string {
  if (!/%\([^)]+\)s/.test(format)) return format;
  return format.replace(/%\(([^)]+)\)s/g, (written, name: string) => {
    const [, header, place] = /^\{([^}]+)\}([ioe])$/.exec(name) ?? [];
    if (header !== undefined) return `%{${header}}${place}`;
    const atom = atoms[name] ?? (/^[hlurmUqHsbB]$/.test(name) ? `%${name}` : undefined);
    if (atom !== undefined) return atom;
    throw new UsageError(
      `--log has ${written}, which is none of gunicorn's atoms.`,
      'contrib/log/README.md lists those that there are.',
    );
  });
}
