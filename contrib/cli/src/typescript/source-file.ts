// Which files are TypeScript, by their names.

const extensions = ['.ts', '.mts', '.cts'];

/** @param extension with its dot */
export function isTypeScript(extension: string): boolean {
  return extensions.includes(extension);
}
