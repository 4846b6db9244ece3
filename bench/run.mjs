// Fapws beside its peers. README.md tells how it measures and how to read the result.
import { contestants } from './contestants.mjs';
import { contest } from './lib/contest.mjs';
import { chooseGenerator } from './lib/load.mjs';
import { describeCommit, describeMachine, describeVersions } from './lib/machine.mjs';
import { BadOption, parseOptions, USAGE } from './lib/options.mjs';
import { chooseCores, pinThisProcess } from './lib/pinning.mjs';
import { write } from './lib/report.mjs';
import { cells, forTerminal, noiseSentence } from './lib/table.mjs';
import { judge } from './lib/target.mjs';
import { roundsOf } from './lib/wording.mjs';
import { scenarios } from './scenarios/index.mjs';

const print = (text = '') => process.stdout.write(`${text}\n`);

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof BadOption)) throw error;
  process.stderr.write(`${error.message}\n\n${USAGE}\n`);
  process.exitCode = 2;
}

async function main(args) {
  const options = parseOptions(args, {
    scenarios: scenarios.map(({ name }) => name),
    servers: contestants.map(({ name }) => name),
  });
  if (options.help) return print(USAGE);
  if (options.list) return list();
  if (process.platform !== 'linux') {
    throw new BadOption('The benchmark reads CPU time and memory from /proc: it runs on Linux only.');
  }

  const { cores, reason } = chooseCores();
  if (cores) pinThisProcess(cores.load);
  else print(`Nothing is pinned to a core, expect more noise: ${reason}.`);

  const generator = chooseGenerator();
  const { present, absent } = rollCall(contestants.filter(({ name }) => options.servers.includes(name)));
  for (const { title, reason } of absent) print(`${title} does not take part: ${reason}.`);

  const report = {
    date: new Date().toISOString().slice(0, 10),
    command: ['pnpm bench', ...args].join(' '),
    commit: describeCommit(),
    machine: describeMachine(),
    versions: describeVersions(present),
    generator: generator.title,
    cores: cores ?? null,
    rounds: options.rounds,
    duration: options.duration,
    absent,
    parts: [],
  };
  print(`Load by ${generator.title}; ${roundsOf(options)}.`);

  for (const scenario of scenarios.filter(({ name }) => options.scenarios.includes(name))) {
    print(`\n${scenario.title}`);
    const { rounds, duration } = options;
    const outcome = await contest(scenario, present, { rounds, duration, generator, cores, announce });
    announce('');
    show(scenario, outcome);
    report.parts.push({ scenario, outcome });
  }

  if (!options.write) return;
  const folder = options.narrowed ? 'results/tmp/' : 'results/';
  write(report, { folder, publish: !options.narrowed });
  print(`\nWritten to bench/${folder}${options.narrowed ? '' : ' and bench/README.md'}.`);
}

/** Who is installed. */
function rollCall(invited) {
  const present = [];
  const absent = [];
  for (const contestant of invited) {
    try {
      contestant.runtime?.();
      present.push(contestant);
    } catch (error) {
      absent.push({ title: contestant.title, reason: error.message });
    }
  }
  return { present, absent };
}

function show(scenario, outcome) {
  if (outcome.rows.length > 0) {
    print(forTerminal(cells(scenario, outcome, text => `* ${text}`)));
    print(`  ${noiseSentence(outcome, 'marked *')}`);
  }
  const verdict = judge(scenario, outcome);
  if (verdict) {
    const word = verdict.reached === null ? '' : verdict.reached ? ': reached' : ': NOT reached';
    print(`  Target: ${verdict.goal}; ${verdict.measured}${word}.`);
  }
  for (const { title, reason } of outcome.excluded) print(`  Excluded: ${title} (${reason}).`);
}

/** What is going on, on one line that the next one replaces; nothing where nobody is watching. */
function announce(progress) {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${progress && `  ${progress}`}`);
}

function list() {
  print('Scenarios');
  for (const { name, shows } of scenarios) print(`  ${name.padEnd(24)}${shows}`);
  print('\nServers');
  for (const { name, title } of contestants) print(`  ${name.padEnd(24)}${title}`);
}
