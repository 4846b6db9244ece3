// Text in HTML pages: escaped, unless it is HTML.

const escapes: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as the content of an element, or as the value of an attribute in quotes. Not for scripts, styles and URLs. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => escapes[character] as string);
}

/** HTML that is escaped already. As a result of an application it is its own text. */
export class Html implements Iterable<string> {
  readonly #text: string;

  /** @internal */
  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }

  *[Symbol.iterator](): Generator<string, void, undefined> {
    yield this.#text;
  }
}

/** What can stand in a page: text and numbers, escaped; HTML as it is; lists of them; nothing for null, undefined, true and false. */
type Content = string | number | bigint | Html | boolean | null | undefined | readonly Content[];

/** HTML with values in it, each escaped: `html\`<p>${name}</p>\``. */
export function html(strings: TemplateStringsArray, ...values: Content[]): Html {
  return new Html(strings.reduce((text, part, at) => text + render(values[at - 1]) + part));
}

/** Takes a text for HTML. Whoever could write in it can write scripts. */
export function unsafeHtml(text: string): Html {
  return new Html(text);
}

function render(value: Content): string {
  if (typeof value === 'string') return escapeHtml(value);
  if (value instanceof Html) return value.toString();
  if (Array.isArray(value)) return value.map(render).join('');
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : '';
}
