// Adds up vitest's JSON reports under a folder and prints "PASSED FAILED SKIPPED". A test file that failed without any
// failed test of its own (it did not load, or its set-up threw) counts as one failed test; so does a report that is cut off.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

let passed = 0;
let failed = 0;
let skipped = 0;
for (const entry of readdirSync(process.argv[2], { recursive: true })) {
  if (!entry.endsWith('.json')) continue;
  try {
    const report = JSON.parse(readFileSync(join(process.argv[2], entry), 'utf8'));
    passed += report.numPassedTests;
    failed += report.numFailedTests;
    skipped += report.numPendingTests + report.numTodoTests;
    failed += report.testResults.filter(
      file => file.status === 'failed' && !file.assertionResults.some(test => test.status === 'failed'),
    ).length;
  } catch (error) {
    console.error(`${entry}: ${error.message}`);
    failed += 1;
  }
}
console.log(passed, failed, skipped);
