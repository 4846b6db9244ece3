// Every option of the command, once. Arguments, environment, configuration file, checks, --help, --print-config and the
// table of the README are made of these rows; nothing about an option is written anywhere else.

/** What an option's value is; options/kinds.ts says how each is written. */
export type KindName =
  | 'address'
  | 'count'
  | 'file'
  | 'flag'
  | 'folder'
  | 'mount'
  | 'octets'
  | 'pair'
  | 'permissions'
  | 'seconds'
  | 'size-bound'
  | 'text'
  | 'time-bound'
  | 'trust'
  | 'workers';

/** Who reads it: the command with any application, or with those of one language. */
export type Scope = 'any' | 'python' | 'javascript';

export interface Option {
  /** The long flag without its dashes. The variable is FAPWS_ and this in capitals, the member of a configuration file camelCase. */
  readonly name: string;
  /** Further names, which other servers use. */
  readonly aliases?: readonly string[];
  /** The one-letter flag. */
  readonly short?: string;
  readonly kind: KindName;
  /** Whether it can be given several times. */
  readonly many?: boolean;
  /** What stands between several values in a variable; none has them in it. @default ',' */
  readonly separator?: string;
  /** As a user would write it; none if the option is off until it is given. */
  readonly default?: string;
  readonly least?: number;
  readonly most?: number;
  readonly group: string;
  readonly scope: Scope;
  readonly help: string;
}

/** In the order of --help. */
export const groups = [
  'Application',
  'Address',
  'Processes',
  'Python',
  'Requests',
  'Behind a proxy',
  'Log',
  'Development',
  'Service',
  'Configuration',
] as const;

const table = [
  {
    name: 'app',
    kind: 'text',
    group: 'Application',
    scope: 'javascript',
    help: 'The module with the application, as `fapws FILE`; FILE:NAME for an export other than the default one.',
  },
  {
    name: 'wsgi',
    kind: 'text',
    group: 'Application',
    scope: 'python',
    help: 'The Python application, as `fapws wsgi MODULE:ATTRIBUTE`; without an attribute it is `application`.',
  },
  {
    name: 'prefix',
    kind: 'text',
    default: '/',
    group: 'Application',
    scope: 'any',
    help: 'The path under which the application is mounted.',
  },
  {
    name: 'static',
    kind: 'mount',
    many: true,
    group: 'Application',
    scope: 'any',
    help: 'A folder of files at a path, `/assets=public`; files go before the application.',
  },
  {
    name: 'chdir',
    kind: 'folder',
    group: 'Application',
    scope: 'any',
    help: 'The folder to work in; all other paths start from it.',
  },
  {
    name: 'env',
    short: 'e',
    kind: 'pair',
    many: true,
    separator: '\n',
    group: 'Application',
    scope: 'any',
    help: 'A variable for the application, `NAME=VALUE`.',
  },
  {
    name: 'dotenv',
    kind: 'file',
    many: true,
    group: 'Application',
    scope: 'any',
    help: 'A file of variables for the application; what the environment has already stays.',
  },
  {
    name: 'import',
    kind: 'text',
    many: true,
    group: 'Application',
    scope: 'any',
    help: 'A module that Node loads first, as `node --import`: instrumentation, or `tsx` for all of TypeScript.',
  },
  {
    name: 'bind',
    short: 'b',
    kind: 'address',
    many: true,
    default: '127.0.0.1:8080',
    group: 'Address',
    scope: 'any',
    help: '`HOST:PORT`, `PORT`, `unix:PATH` or `fd:NUMBER`. With PORT in the environment the default is 0.0.0.0 and that port; sockets of systemd go before both.',
  },
  {
    name: 'backlog',
    kind: 'count',
    least: 1,
    default: '2048',
    group: 'Address',
    scope: 'any',
    help: 'Connections that the kernel may keep waiting.',
  },
  {
    name: 'reuse-port',
    kind: 'flag',
    group: 'Address',
    scope: 'any',
    help: 'A socket of its own for each process that speaks HTTP, among which the kernel chooses. Node 22.12 and later.',
  },
  {
    name: 'socket-mode',
    kind: 'permissions',
    group: 'Address',
    scope: 'any',
    help: 'Permission bits of unix sockets, `660`.',
  },
  {
    name: 'workers',
    short: 'w',
    kind: 'workers',
    default: '1',
    group: 'Processes',
    scope: 'any',
    help: 'Processes that run the application: a number, `auto` for one per processor; with Python also `2-8`, as many as are needed.',
  },
  {
    name: 'fronts',
    kind: 'count',
    least: 1,
    most: 1024,
    default: '1',
    group: 'Processes',
    scope: 'python',
    help: 'Processes that speak HTTP and share the Python processes among them.',
  },
  {
    name: 'timeout',
    short: 't',
    kind: 'seconds',
    default: '30',
    group: 'Processes',
    scope: 'any',
    help: 'How long a process may be stuck before it is replaced; 0 for ever. Python: on a request, which is answered 504; JavaScript: in its event loop.',
  },
  {
    name: 'graceful-timeout',
    kind: 'seconds',
    default: '30',
    group: 'Processes',
    scope: 'any',
    help: 'How long requests may take to finish when a process stops.',
  },
  {
    name: 'start-timeout',
    kind: 'seconds',
    default: '60',
    group: 'Processes',
    scope: 'any',
    help: 'How long the application may take to load.',
  },
  {
    name: 'max-requests',
    kind: 'count',
    least: 0,
    default: '0',
    group: 'Processes',
    scope: 'any',
    help: 'Requests after which a process is replaced; 0 for none.',
  },
  {
    name: 'max-requests-jitter',
    kind: 'count',
    least: 0,
    default: '0',
    group: 'Processes',
    scope: 'any',
    help: 'So many of them more or less, by chance, so that not all processes are replaced at once.',
  },
  {
    name: 'max-lifetime',
    kind: 'seconds',
    default: '0',
    group: 'Processes',
    scope: 'any',
    help: 'How old a process may get before it is replaced; 0 for any age.',
  },
  {
    name: 'max-memory',
    kind: 'octets',
    default: '0',
    group: 'Processes',
    scope: 'any',
    help: 'Resident memory from which a process is replaced, `300M`; 0 for any.',
  },
  {
    name: 'threads',
    kind: 'count',
    least: 1,
    most: 1024,
    default: '1',
    group: 'Python',
    scope: 'python',
    help: 'Requests that each process works on at the same time.',
  },
  {
    name: 'preload',
    kind: 'flag',
    group: 'Python',
    scope: 'python',
    help: 'Load the application once and fork the processes from that: they share memory.',
  },
  {
    name: 'python',
    kind: 'text',
    group: 'Python',
    scope: 'python',
    help: 'The interpreter; python3 unless there is a virtual environment.',
  },
  {
    name: 'venv',
    aliases: ['virtualenv'],
    kind: 'folder',
    group: 'Python',
    scope: 'python',
    help: "A virtual environment's folder, whose interpreter is used.",
  },
  {
    name: 'pythonpath',
    kind: 'folder',
    many: true,
    group: 'Python',
    scope: 'python',
    help: 'A folder in which modules are looked for first.',
  },
  {
    name: 'queue',
    kind: 'count',
    least: 1,
    group: 'Python',
    scope: 'python',
    help: 'Requests that may wait for a process; more are answered 503.',
  },
  {
    name: 'queue-timeout',
    kind: 'seconds',
    group: 'Python',
    scope: 'python',
    help: 'How long a request may wait for a process before it is answered 504.',
  },
  {
    name: 'gzip',
    kind: 'flag',
    group: 'Requests',
    scope: 'any',
    help: 'Compress answers, in what the client likes best: zstd, Brotli, gzip.',
  },
  {
    name: 'health',
    kind: 'text',
    group: 'Requests',
    scope: 'any',
    help: 'A path that says 200 while the server wants requests and 503 from the moment in which it stops, `/health`.',
  },
  {
    name: 'lame-duck',
    kind: 'seconds',
    default: '0',
    group: 'Requests',
    scope: 'any',
    help: 'How long a server that stops serves on, so that balancers see its health first.',
  },
  {
    name: 'keep-alive',
    kind: 'seconds',
    default: '75',
    group: 'Requests',
    scope: 'any',
    help: 'How long a connection may be idle.',
  },
  {
    name: 'http-timeout',
    kind: 'time-bound',
    many: true,
    group: 'Requests',
    scope: 'any',
    help: 'Another bound on time, `head=10`: {timeouts}.',
  },
  {
    name: 'http-limit',
    kind: 'size-bound',
    many: true,
    group: 'Requests',
    scope: 'any',
    help: 'A bound on size or number, `content=100M`: {limits}.',
  },
  {
    name: 'traceback',
    kind: 'flag',
    group: 'Requests',
    scope: 'any',
    help: 'Show errors of the application to the client. Never where strangers can see it.',
  },
  {
    name: 'forwarded-allow',
    aliases: ['forwarded-allow-ips'],
    kind: 'trust',
    many: true,
    group: 'Behind a proxy',
    scope: 'any',
    help: 'Proxies whose word on the client is taken: addresses, networks, `loopback`, `private`, `unix`; `*` for whoever connects.',
  },
  {
    name: 'forwarded-header',
    kind: 'text',
    many: true,
    default: 'X-Forwarded-For,X-Forwarded-Proto',
    group: 'Behind a proxy',
    scope: 'any',
    help: 'A header that these proxies set on every request.',
  },
  {
    name: 'proxy-protocol',
    kind: 'flag',
    group: 'Behind a proxy',
    scope: 'any',
    help: 'Connections of the proxy begin with a PROXY header.',
  },
  {
    name: 'proxy-allow-from',
    kind: 'trust',
    many: true,
    default: '127.0.0.1,::1',
    group: 'Behind a proxy',
    scope: 'any',
    help: 'Who sends PROXY headers.',
  },
  {
    name: 'log',
    aliases: ['access-logformat'],
    kind: 'text',
    group: 'Log',
    scope: 'any',
    help: 'Write an access log: common, combined, vhost_combined, detailed, json, or a format of Apache or gunicorn.',
  },
  {
    name: 'access-logfile',
    kind: 'file',
    group: 'Log',
    scope: 'any',
    help: 'The file of the access log; `-` for standard output.',
  },
  {
    name: 'reload',
    kind: 'flag',
    group: 'Development',
    scope: 'any',
    help: 'The next request sees what has been edited, and errors are shown as pages.',
  },
  {
    name: 'reload-extra',
    aliases: ['reload-extra-file'],
    kind: 'file',
    many: true,
    group: 'Development',
    scope: 'any',
    help: 'Another file or folder to look at, such as templates.',
  },
  {
    name: 'pid-file',
    aliases: ['pid', 'pidfile'],
    short: 'p',
    kind: 'file',
    group: 'Service',
    scope: 'any',
    help: 'A file for the process id.',
  },
  {
    name: 'user',
    aliases: ['uid'],
    short: 'u',
    kind: 'text',
    group: 'Service',
    scope: 'any',
    help: 'The user to become when the sockets are open; for root.',
  },
  {
    name: 'group',
    aliases: ['gid'],
    short: 'g',
    kind: 'text',
    group: 'Service',
    scope: 'any',
    help: "The group to become; the user's own unless it is given.",
  },
  {
    name: 'umask',
    short: 'm',
    kind: 'permissions',
    group: 'Service',
    scope: 'any',
    help: 'Permission bits that new files do not get, `027`.',
  },
  {
    name: 'name',
    short: 'n',
    kind: 'text',
    group: 'Service',
    scope: 'any',
    help: 'A name for ps and top.',
  },
  {
    name: 'supervisor',
    kind: 'flag',
    default: 'yes',
    group: 'Service',
    scope: 'any',
    help: 'Serve in processes that are watched and replaced; with `--no-supervisor` in this one.',
  },
  {
    name: 'config',
    short: 'c',
    kind: 'file',
    group: 'Configuration',
    scope: 'any',
    help: 'A file of options, in TypeScript, JavaScript or JSON; {configurations} is read if it is there.',
  },
  {
    name: 'check-config',
    kind: 'flag',
    group: 'Configuration',
    scope: 'any',
    help: 'Check the options, load the application, and end.',
  },
  {
    name: 'print-config',
    kind: 'flag',
    group: 'Configuration',
    scope: 'any',
    help: 'Print all options, their values and where those come from, and end.',
  },
  {
    name: 'help',
    short: 'h',
    kind: 'flag',
    group: 'Configuration',
    scope: 'any',
    help: 'Print this page.',
  },
  {
    name: 'version',
    short: 'v',
    kind: 'flag',
    group: 'Configuration',
    scope: 'any',
    help: 'Print the versions of fapws and Node.',
  },
] as const;

/** One of the rows. */
export type Row = (typeof table)[number];

/** `http-limit` → `httpLimit`. */
export type Camel<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Name;

/** The name of an option in configuration files and in the program. */
export type OptionName = Camel<Row['name']>;

export const options: readonly Option[] = table;

export function camel(name: string): string {
  return name.replace(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase());
}

export function variableOf({ name }: Option): string {
  return `FAPWS_${name.toUpperCase().replaceAll('-', '_')}`;
}

/** What only makes sense for one call of the command, and so is in no file: asking for help, or for the file itself. */
const ofOneCall = ['config', 'check-config', 'print-config', 'help', 'version'];

export function isOfOneCall({ name }: Option): boolean {
  return ofOneCall.includes(name);
}
