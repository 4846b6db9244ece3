// wsgi.errors: where applications and the server report trouble, line by line.

/** A text sink as PEP 3333 describes it. */
export interface ErrorStream {
  write(text: string): void;
  writelines(lines: Iterable<string>): void;
  flush(): void;
}

/** Writes to standard error. */
export const standardError: ErrorStream = {
  write(text: string): void {
    process.stderr.write(text);
  },
  writelines(lines: Iterable<string>): void {
    for (const line of lines) process.stderr.write(line);
  },
  flush(): void {
    // Node writes standard error at once to files and terminals, and as fast as the reader allows to pipes.
  },
};
