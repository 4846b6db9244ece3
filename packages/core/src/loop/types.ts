// What a loop owes the rest of Fapws: it moves bytes and knows time. It never interprets a byte.
// Every implementation (the portable one here, the native one of @fapws/ev) passes test/loop.suite.ts.

/** Where to listen. Exactly one of the three forms. */
export type Address = TcpAddress | UnixAddress | InheritedAddress;

export interface TcpAddress {
  /** An IPv4 or IPv6 address or a name that resolves to one. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

export interface UnixAddress {
  /** A path in the file system, or a Linux abstract name, which begins with a NUL (`'\0name'`). */
  readonly path: string;
  /** Permission bits of the socket file, e.g. `0o660`. @default what the umask leaves */
  readonly mode?: number | undefined;
}

export interface InheritedAddress {
  /** A listening socket that this process got from its parent. */
  readonly fd: number;
}

export interface ListenOptions {
  /** How many connections the kernel may keep waiting. The kernel caps it (`net.core.somaxconn`). */
  readonly backlog: number;
  /** Whether other processes may listen on the same port, so that one can take over from another (SO_REUSEPORT). */
  readonly reusePort: boolean;
}

/** One end of a connection. For a unix socket `address` is the socket's path or empty, and `port` is 0. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** What a loop tells about one connection. All calls come from the loop, never from within a call into it. */
export interface Receiver {
  /**
   * `length` octets have arrived; they are the first ones of the loop's input buffer and are valid only during the call.
   */
  data(length: number): void;
  /** All that was written has been taken by the kernel, after a `write` that answered false. */
  drain(): void;
  /** The peer will send nothing more; it may still read. */
  end(): void;
  /** The connection is gone, in whatever way. Called once, the last call. `error` tells a reset from an orderly end. */
  close(error: Error | null): void;
}

/** One connection, seen from above. */
export interface Transport {
  /**
   * Takes octets to send: a string whose code points are all below 256 (one octet each), or bytes, which must not change
   * before `backlog` is 0 again. What is written during one turn of the loop leaves in one system call at the turn's end.
   * @returns false when so much waits for the peer that the writer should stop until `drain`
   */
  write(data: string | Uint8Array): boolean;
  /**
   * Writes a whole answer: what was written before and this may leave now, if nothing else of this turn is to be waited for.
   * @returns as `write`
   */
  writeWhole(head: string, content: string | Uint8Array): boolean;
  /** Octets taken by `write` that the kernel has not taken yet. */
  readonly backlog: number;
  /** Stop and go on reading. A paused connection does not notice that its peer left. */
  pause(): void;
  resume(): void;
  /** Sends what is written, then says that no more will come (FIN). Reading goes on. */
  end(): void;
  /** Closes at once and drops what was not sent yet. */
  destroy(): void;
  /** Like `destroy`, but the peer is told of the break (RST) where the system knows such a thing. */
  reset(): void;
  readonly remote: Endpoint;
  readonly local: Endpoint;
}

/** Who is told of new connections. */
export interface Acceptor {
  /** A connection was accepted; answers who is told about it. Nothing has been read yet. */
  open(transport: Transport): Receiver;
  /** A connection could not be accepted, for example for want of file descriptors. Listening goes on. */
  error(error: Error): void;
}

export interface Listener {
  /** Where it listens in fact: the chosen port, the path. */
  readonly address: Address;
  /** Stops accepting. Connections that are open stay open. A socket file that `listen` made is removed. */
  close(): Promise<void>;
}

export interface LoopTimer {
  /** Stops it; the task is not called again until `restart`. */
  stop(): void;
  /** Begins a full period anew. */
  restart(): void;
}

export interface Loop {
  /** For the start line: `portable`, `epoll`, `io_uring` … */
  readonly name: string;
  /** @throws {ListenError} with a code and a sentence that says what to do */
  listen(address: Address, options: ListenOptions, acceptor: Acceptor): Promise<Listener>;
  /**
   * Calls `task` every `milliseconds`.
   * @param keepsAlive whether the process stays alive for it
   */
  addTimer(milliseconds: number, task: () => void, keepsAlive: boolean): LoopTimer;
  /** Calls `task` when the present turn's work is done, before new events are looked at. */
  afterTurn(task: () => void): void;
  /** Calls `task` in a later turn, after the events that are waiting now. */
  defer(task: () => void): void;
}
