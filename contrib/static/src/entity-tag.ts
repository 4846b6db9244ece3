// Entity tags and how they are compared (RFC 9110 8.8.3).

/** One tag of a list, or what stands between two. */
const element = /[ \t]*(?:((?:W\/)?"[\x21\x23-\x7e\x80-\xff]*")[ \t]*)?(,|$)/y;

/**
 * Whether a field that lists entity tags has one that matches. What is not well-formed matches nothing.
 * @param field the value of If-Match or If-None-Match; not `*`
 * @param tag of the representation; undefined if it has none
 * @param strong whether weak tags match nothing (8.8.3.2)
 */
export function listsTag(field: string, tag: string | undefined, strong: boolean): boolean {
  if (tag === undefined || (strong && tag.startsWith('W/'))) return false;
  // What a cache sends back is most often exactly what it got.
  if (field === tag) return true;
  const wanted = opaque(tag);
  let matches = false;
  element.lastIndex = 0;
  for (;;) {
    const found = element.exec(field);
    if (found === null) return false;
    const [, listed, separator] = found;
    if (listed !== undefined && (strong ? listed === tag : opaque(listed) === wanted)) matches = true;
    if (separator === '') return matches;
  }
}

function opaque(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag;
}
