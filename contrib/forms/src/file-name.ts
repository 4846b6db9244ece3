// The name that a client gives to a file, made fit to be the last part of a path, on any system.

import { Buffer } from 'node:buffer';

/** Octets; the usual file system takes 255, and whoever stores the file may want to add something. */
const LONGEST = 200;
const LONGEST_EXTENSION = 20;

// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what must go.
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;
/** They make `cod.exe` look like `exe.doc`. */
const directional = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;
/** Windows: a stream of a file, wild cards, pipes. */
const reserved = /[<>:"|?*]/g;
/** Windows opens the device, whatever the folder and the extension. */
const device = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\u00b9\u00b2\u00b3])(?= *(?:\.|$))/i;

/**
 * Makes a name of what a client calls its file: the last part of it, without what could lead elsewhere, hide it or be taken
 * for something else. It is never empty, and safe to be joined to a folder; it is not unique.
 */
export function safeFileName(sent: string): string {
  const last = sent.slice(Math.max(sent.lastIndexOf('/'), sent.lastIndexOf('\\')) + 1);
  let name = last.replace(controls, '').replace(directional, '').normalize('NFC').replace(reserved, '_');
  // A lone half of a pair is no character and could not be written.
  name = Buffer.from(name).toString();
  name = withoutTail(name.trim());
  // Hidden files, and what commands take for options.
  name = name.replace(/^[.-]/, '_').replace(device, '_$&');
  if (Buffer.byteLength(name) > LONGEST) name = shortened(name);
  return name === '' ? 'unnamed' : name;
}

/** Windows drops dots and blanks at the end: `a.php.` becomes `a.php`. */
function withoutTail(name: string): string {
  let end = name.length;
  while (end > 0 && /[.\s]/.test(name[end - 1] as string)) end -= 1;
  return name.slice(0, end);
}

/** Keeps the extension. */
function shortened(name: string): string {
  const dot = name.lastIndexOf('.');
  const extension = dot > 0 && Buffer.byteLength(name.slice(dot)) <= LONGEST_EXTENSION ? name.slice(dot) : '';
  let room = LONGEST - Buffer.byteLength(extension);
  let stem = '';
  for (const character of name) {
    room -= Buffer.byteLength(character);
    if (room < 0) break;
    stem += character;
  }
  return withoutTail(stem) + extension;
}
