// Which paths of requests may name a file at all. What is refused here never reaches the file system.

/** A path that is no path of ours. */
export const Unusable = 0;
/** One that has a segment which begins with a dot. */
export const Hidden = 1;
/** Any other one. */
export const Usable = 2;

/** What Windows takes for a device in any directory and with any extension, also with a digit in superscript. */
const deviceName = /^(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³])(?:[ .:]|$)/i;

/** On Windows: controls, streams (`a.txt::$DATA`), wildcards, and names whose end it drops. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const windowsOddity = /[\x00-\x1f<>:"|?*]|[. ]$/;

/**
 * Looks at a decoded path.
 * @param platform whose file names are meant
 */
export function examine(path: string, platform: NodeJS.Platform): number {
  // A backslash is a separator to Windows, and to whoever joins paths for it; nothing on the web has one in its name.
  if (path.charCodeAt(0) !== 0x2f || path.includes('\\') || path.includes('\0')) return Unusable;
  let hidden = false;
  for (let start = 1; start <= path.length; ) {
    const slash = path.indexOf('/', start);
    const end = slash === -1 ? path.length : slash;
    const segment = path.slice(start, end);
    // An empty one at the end says that a directory is meant; anywhere else it makes two names for one file, or `//host`.
    if (segment === '' && end !== path.length) return Unusable;
    if (segment === '.' || segment === '..') return Unusable;
    if (platform === 'win32' && (deviceName.test(segment) || windowsOddity.test(segment))) return Unusable;
    if (segment.charCodeAt(0) === 0x2e && !(start === 1 && segment === '.well-known')) hidden = true;
    start = end + 1;
  }
  return hidden ? Hidden : Usable;
}

/**
 * Whether a slash was sent as `%2F`, or a backslash as `%5C`: it would be taken for a separator here, but not by whoever
 * guards a path in front of us. The query may have them.
 */
export function hasEncodedSeparator(target: string): boolean {
  const found = /%(?:2f|5c)/i.exec(target);
  if (found === null) return false;
  const query = target.indexOf('?');
  return query === -1 || found.index < query;
}

/** The path of a file for a Location: each segment encoded, so that nothing in it is a query, a fragment or another host. */
export function encodePath(path: string): string {
  const segments = path.split('/').map(encodeURIComponent).join('/');
  return segments.replace(/^\/{2,}/, '/');
}
