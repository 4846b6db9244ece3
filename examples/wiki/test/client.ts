// A visitor without a browser: remembers cookies, and sends forms with the token that their page has.

export class Client {
  readonly #origin: string;
  readonly #cookies = new Map<string, string>();

  constructor(origin: string) {
    this.#origin = origin;
  }

  async ask(path: string, options: RequestInit = {}): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(this.#origin + path, {
      ...options,
      headers: { ...(options.headers as Record<string, string>), ...(cookie && { Cookie: cookie }) },
      redirect: 'manual',
      signal: AbortSignal.timeout(10_000),
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) as unknown as [string, string, string];
      if (value === '') this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return response;
  }

  async text(path: string): Promise<string> {
    return (await this.ask(path)).text();
  }

  get cookie(): string | undefined {
    return [...this.#cookies.values()][0];
  }

  /** The token of a page's form. */
  async token(page: string): Promise<string> {
    return /name="token" value="([^"]+)"/.exec(await this.text(page))?.[1] ?? '';
  }

  /** Sends a form as the page where it is does. */
  async send(page: string, path: string, fields: Record<string, string | File>): Promise<Response> {
    const all = { token: await this.token(page), ...fields };
    const body = Object.values(all).some(value => typeof value !== 'string')
      ? new FormData()
      : new URLSearchParams();
    for (const [name, value] of Object.entries(all)) body.append(name, value as string);
    return this.ask(path, { method: 'POST', body });
  }

  async register(name: string, password = 'correct horse'): Promise<Response> {
    return this.send('/login', '/register', { name, password });
  }
}
