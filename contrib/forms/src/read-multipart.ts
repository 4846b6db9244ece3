// A multipart form: text goes to memory, within limits; files go where they are wanted, one piece at a time.

import { Buffer } from 'node:buffer';
import type { Environ } from '@fapws/core';
import { decodeText } from './charset.ts';
import { FormFile, type IncomingFile } from './file.ts';
import { safeFileName } from './file-name.ts';
import { Form } from './form.ts';
import { Gathered } from './gathered.ts';
import { checkLimit } from './limits.ts';
import { MultipartParser, type PartEvent } from './multipart.ts';
import type { FileDestination, Settings } from './options.ts';
import { type PartFields, type PartHead, partHeadOf } from './part-head.ts';
import { nowhere, type Sink, StreamSink, TemporarySink } from './sinks.ts';
import { Temporaries } from './temporaries.ts';

/** @throws {FormError} or what reading the content, a file system or a stream of the callback's fails with */
export async function readMultipart(environ: Environ, boundary: string, settings: Settings): Promise<Form> {
  const temporaries = new Temporaries(settings.directory, environ);
  const parser = new MultipartParser(boundary, settings.limits);
  const reader = new FormReader(environ, settings, temporaries);
  try {
    for await (const chunk of environ['wsgi.input']) {
      for (const event of parser.write(chunk)) {
        const taking = reader.take(event);
        if (taking !== undefined) await taking;
      }
    }
    for await (const event of parser.end()) await reader.take(event);
    temporaries.checkOpen();
    return new Form(reader.entries, reader.files, () => temporaries.removeAll());
  } catch (error) {
    await reader.abort(error as Error);
    await temporaries.removeAll();
    throw error;
  } finally {
    parser.destroy();
  }
}

/** Makes fields and files of parts. */
class FormReader {
  readonly entries: [string, string][] = [];
  readonly files: FormFile[] = [];
  readonly #environ: Environ;
  readonly #settings: Settings;
  readonly #temporaries: Temporaries;
  #part: TextPart | FilePart | null = null;
  #fileCount = 0;
  /** File inputs that were left empty; in a form there is one for each of its fields, so they count as such. */
  #emptyCount = 0;
  /** Octets of names and values in memory. */
  #textOctets = 0;

  constructor(environ: Environ, settings: Settings, temporaries: Temporaries) {
    this.#environ = environ;
    this.#settings = settings;
    this.#temporaries = temporaries;
  }

  /** @returns nothing for text, which never waits: a form may have many fields */
  take(event: PartEvent): Promise<void> | undefined {
    if (event.kind === 'begin') return this.#begin(event.fields);
    if (event.kind === 'content') return this.#part?.write(event.octets);
    return this.#end();
  }

  async abort(error: Error): Promise<void> {
    if (this.#part instanceof FilePart) await this.#part.sink.abort(error);
    this.#part = null;
  }

  /** Counts octets that stay in memory. */
  readonly count = (octets: number): void => {
    this.#textOctets += octets;
    checkLimit(this.#settings.limits, 'text', this.#textOctets);
  };

  #begin(fields: PartFields): Promise<void> | undefined {
    const { limits } = this.#settings;
    const head = partHeadOf(fields);
    const nameOctets = Buffer.byteLength(head.name);
    checkLimit(limits, 'name', nameOctets);
    if (head.fileName === null) {
      this.#countField();
      this.count(nameOctets);
      this.#part = new TextPart(head, this.#settings, this.count);
      return undefined;
    }
    const incoming: IncomingFile = {
      field: head.name,
      name: safeFileName(head.fileName),
      sentName: head.fileName,
      type: head.type,
    };
    const part = new FilePart(incoming, this.#settings, () => this.#open(incoming));
    this.#part = part;
    // A part without a name may be an empty file input: nobody is asked before there is content.
    return head.fileName === '' ? undefined : part.open();
  }

  async #open(incoming: IncomingFile): Promise<Sink> {
    this.#temporaries.checkOpen();
    this.#fileCount += 1;
    checkLimit(this.#settings.limits, 'files', this.#fileCount);
    const destination: FileDestination = await this.#settings.onFile(incoming);
    if (destination === undefined) return new TemporarySink(this.#temporaries);
    if (destination === null) return nowhere;
    return new StreamSink(destination, this.#environ['fapws.signal']);
  }

  #end(): Promise<void> | undefined {
    const part = this.#part;
    if (part instanceof FilePart) {
      if (part.opened) return this.#endFile(part);
      this.#countField();
      this.#emptyCount += 1;
    } else if (part !== null) this.entries.push(part.entry());
    this.#part = null;
    return undefined;
  }

  async #endFile(part: FilePart): Promise<void> {
    const path = await part.sink.end();
    this.#part = null;
    if (part.sink === nowhere) return;
    this.files.push(new FormFile(part.incoming, part.size, path, this.#temporaries));
  }

  #countField(): void {
    checkLimit(this.#settings.limits, 'fields', this.entries.length + this.#emptyCount + 1);
  }
}

class TextPart {
  readonly #head: PartHead;
  readonly #settings: Settings;
  readonly #count: (octets: number) => void;
  readonly #value = new Gathered();

  constructor(head: PartHead, settings: Settings, count: (octets: number) => void) {
    this.#head = head;
    this.#settings = settings;
    this.#count = count;
  }

  write(octets: Uint8Array): undefined {
    checkLimit(this.#settings.limits, 'field', this.#value.size + octets.length);
    this.#count(octets.length);
    this.#value.add(octets);
  }

  entry(): [string, string] {
    return [this.#head.name, decodeText(this.#value.octets(), this.#head.decoder)];
  }
}

class FilePart {
  readonly incoming: IncomingFile;
  readonly #settings: Settings;
  readonly #open: () => Promise<Sink>;
  opened = false;
  sink: Sink = nowhere;
  size = 0;

  constructor(incoming: IncomingFile, settings: Settings, open: () => Promise<Sink>) {
    this.incoming = incoming;
    this.#settings = settings;
    this.#open = open;
  }

  async open(): Promise<void> {
    this.sink = await this.#open();
    this.opened = true;
  }

  async write(octets: Uint8Array): Promise<void> {
    if (!this.opened) await this.open();
    this.size += octets.length;
    checkLimit(this.#settings.limits, 'file', this.size);
    await this.sink.write(octets);
  }
}
