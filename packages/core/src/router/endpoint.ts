// Where a pattern of the tree ends: which of its routes takes a method. Must not know paths.

/** One method of one registered route. */
export interface Route<T> {
  readonly value: T;
  /** As given, for error messages. */
  readonly pattern: string;
  /** The names of the parameters, from left to right. Two methods of one pattern may name them differently. */
  readonly names: readonly string[];
}

export class Endpoint<T> {
  readonly methods: string[] = [];
  readonly #routes: Route<T>[] = [];
  /** The route for all methods that have none of their own. */
  any: Route<T> | undefined = undefined;

  add(method: string, route: Route<T>): void {
    this.methods.push(method);
    this.#routes.push(route);
  }

  /** The route registered for exactly this method. Hot: a list of a handful is searched faster than hashed. */
  own(method: string): Route<T> | undefined {
    const index = this.methods.indexOf(method);
    return index < 0 ? undefined : this.#routes[index];
  }

  /** The route that takes the method: its own, for HEAD that of GET (RFC 9110 9.3.2), the one for all. */
  select(method: string): Route<T> | undefined {
    return this.own(method) ?? (method === 'HEAD' ? this.own('GET') : undefined) ?? this.any;
  }
}
