// Serving while the application is being written: errors are pages, and edits are seen by the next request.

import { inherited, run } from '@fapws/workers';
import { targetOf } from '../application/module.ts';
import { wordsFor } from '../fail.ts';
import { type Front, frontOf, mountAll } from '../front.ts';
import type { Settings } from '../options/settings.ts';
import { setVariables } from '../prepare.ts';
import { closeAll, reopenOnSignal } from '../serve.ts';
import { enableTypeScript } from '../typescript/enable.ts';
import { missingModuleOf } from '../why-not-loaded.ts';
import { failurePage } from './failure-page.ts';
import { fresh } from './fresh.ts';
import { LoadedFiles } from './loaded-files.ts';
import { type Handover, socketOf } from './passing.ts';
import { successorsBy } from './succession.ts';
import { WatchedFiles } from './watched-files.ts';

/** As `serveAsWorker`, in development mode. */
export async function developAsWorker(settings: Settings, handover: Handover): Promise<void> {
  const { values, language, configFile } = settings;
  const files = new WatchedFiles();
  // Hooks that come later are asked first, and the one for TypeScript asks nobody after it.
  if (values.app !== undefined) await enableTypeScript(targetOf(values.app).path);
  const loaded = new LoadedFiles(files);
  if (configFile !== null) files.add(configFile);
  // Python's own files are its front's business.
  if (language !== 'python') {
    for (const path of [...values.dotenv, ...values.reloadExtra]) files.addTree(path);
    setVariables(settings);
  }
  const upToDate = (): WatchedFiles => {
    loaded.addRequired();
    return files;
  };
  const say = (line: string): void => void process.stdout.write(`fapws: ${line}\n`);
  const middleware = fresh(upToDate, successorsBy(handover), handover, say);
  const make = (): Front =>
    frontOf(settings, [...inherited(), { path: socketOf(handover, process.pid) }], middleware);
  const front = await loadedOrFailing(make, settings, files);
  const release = reopenOnSignal(front);
  try {
    await run(front.server);
  } finally {
    release();
    await closeAll(front);
  }
}

/** The application, or in its place what keeps it from being loaded. */
async function loadedOrFailing(make: () => Front, settings: Settings, files: WatchedFiles): Promise<Front> {
  const front = make();
  try {
    await mountAll(front, settings);
    return front;
  } catch (error) {
    await closeAll(front);
    const text = wordsFor(error);
    process.stderr.write(`fapws: ${text}\n`);
    // The file that a module wants and that is not there yet.
    const missing = missingModuleOf(error);
    if (missing !== null) files.add(missing);
    const failing = make();
    failing.server.fallback(failurePage(text));
    return failing;
  }
}
