// A radix tree over decoded paths: edges carry text, paths with a common beginning share it. Holds an endpoint of any
// kind where a path ends; routes and mounts each have a tree. Must not know methods, mounts or requests.
import { isOrdinary } from './path.ts';
import type { Segment } from './pattern.ts';

const ASCII = 0x80;

export class Node<Endpoint> {
  /** How the node takes its part of the path: by its label, one whole segment, or all that is left. */
  readonly kind: Segment['kind'];
  /** The text of the edge that leads here; `''` for the root, parameters and rests. */
  label: string;
  /** Whether each character of the label is sent as itself, so that the label can be found in a raw path. */
  ordinary: boolean;
  /** What is registered for paths that end here. */
  endpoint: Endpoint | undefined = undefined;
  /** The child for `:name`; only on nodes whose text ends with `/`, as are rests. */
  parameter: Node<Endpoint> | undefined = undefined;
  /** The child for `*name`. */
  rest: Node<Endpoint> | undefined = undefined;
  /** Children by the first character of their label: `#ascii[code - #first]`, others in the map. */
  #ascii: (Node<Endpoint> | undefined)[] = [];
  #first = 0;
  #others: Map<number, Node<Endpoint>> | undefined = undefined;

  constructor(kind: Segment['kind'], label: string) {
    this.kind = kind;
    this.label = label;
    this.ordinary = isOrdinaryText(label);
  }

  /** The child whose label begins with the character. Hot: one array read, however many children there are. */
  child(code: number): Node<Endpoint> | undefined {
    if (code >= ASCII) return this.#others?.get(code);
    const index = code - this.#first;
    return index >= 0 && index < this.#ascii.length ? this.#ascii[index] : undefined;
  }

  /** The node that a pattern leads to; what is missing on the way there is added. */
  insert(segments: readonly Segment[]): Node<Endpoint> {
    let node: Node<Endpoint> = this;
    let text = '';
    for (const segment of segments) {
      text += '/';
      if (segment.kind === 'static') {
        text += segment.text;
        continue;
      }
      node = node.insertText(text);
      text = '';
      node = node[segment.kind] ??= new Node<Endpoint>(segment.kind, '');
    }
    return node.insertText(text);
  }

  /** The node that a text leads to; edges are added or divided as needed. */
  insertText(text: string): Node<Endpoint> {
    if (text === '') return this;
    const child = this.child(text.charCodeAt(0));
    if (child === undefined) {
      const added = new Node<Endpoint>('static', text);
      this.#setChild(added);
      return added;
    }
    const shared = commonLength(child.label, text);
    if (shared === child.label.length) return child.insertText(text.slice(shared));
    const between = new Node<Endpoint>('static', text.slice(0, shared));
    child.label = child.label.slice(shared);
    child.ordinary = isOrdinaryText(child.label);
    between.#setChild(child);
    this.#setChild(between);
    return between.insertText(text.slice(shared));
  }

  #setChild(child: Node<Endpoint>): void {
    const code = child.label.charCodeAt(0);
    if (code >= ASCII) {
      this.#others ??= new Map();
      this.#others.set(code, child);
      return;
    }
    if (this.#ascii.length === 0) this.#first = code;
    while (code < this.#first) {
      this.#ascii.unshift(undefined);
      this.#first--;
    }
    // Filled with undefined, not left with holes: a holey array is slower to read.
    while (this.#ascii.length <= code - this.#first) this.#ascii.push(undefined);
    this.#ascii[code - this.#first] = child;
  }
}

function isOrdinaryText(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (!isOrdinary(text.charCodeAt(index))) return false;
  }
  return true;
}

function commonLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}
