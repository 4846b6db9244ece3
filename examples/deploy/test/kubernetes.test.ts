// The manifests: they are YAML, name each other rightly, and their times fit together.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { settingsFrom } from '../src/settings.ts';
import { example } from './site.ts';

const folder = join(example, 'kubernetes');
const read = (name: string) => parse(readFileSync(join(folder, name), 'utf8'));

const deployment = read('deployment.yaml');
const pod = deployment.spec.template;
const [server] = pod.spec.containers;

/** The variables of the container, as the program reads them. */
function settings(env: { name: string; value: string }[]): ReturnType<typeof settingsFrom> {
  return settingsFrom(Object.fromEntries(env.map(({ name, value }) => [name, value])));
}

test('every file is a manifest of one object', () => {
  for (const name of readdirSync(folder)) {
    expect(read(name), name).toMatchObject({ apiVersion: expect.any(String), kind: expect.any(String) });
  }
});

test('the selectors find the pods', () => {
  const { labels } = pod.metadata;
  expect(deployment.spec.selector.matchLabels).toEqual(labels);
  expect(read('service.yaml').spec.selector).toEqual(labels);
  expect(read('pod-disruption-budget.yaml').spec.selector.matchLabels).toEqual(labels);
  expect(server.ports.map((port: { name: string }) => port.name)).toContain(
    read('service.yaml').spec.ports[0].targetPort,
  );
});

test('the server listens where the port is', () => {
  expect(settings(server.env).addresses).toEqual([{ host: '0.0.0.0', port: server.ports[0].containerPort }]);
});

describe.each([
  ['with the lame duck of the server', server.env, 0],
  ['with preStop', ...preStopPatch()],
] as const)('times %s', (_name, env, preStop) => {
  const { lameDuckMs, graceMs } = settings([...env]);

  test('the pod has more time to end than its server takes', () => {
    const needed = preStop + (lameDuckMs + graceMs) / 1000;
    expect(pod.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(needed + 5);
  });

  test('a pod serves for longer than it takes to be taken out', () => {
    // What readiness needs, or the removal of the endpoint, which usually takes less.
    const { periodSeconds, failureThreshold } = server.readinessProbe;
    expect(preStop + lameDuckMs / 1000).toBeGreaterThan(periodSeconds * failureThreshold);
  });
});

/** What the patch makes of the variables, and how long its preStop takes. */
function preStopPatch(): [{ name: string; value: string }[], number] {
  const [patched] = read('pre-stop.patch.yaml').spec.template.spec.containers;
  expect(patched.name).toBe(server.name);
  // A strategic merge: lists of variables are merged by name.
  const others = server.env.filter(
    ({ name }: { name: string }) => !patched.env.some((variable: { name: string }) => variable.name === name),
  );
  return [[...others, ...patched.env], patched.lifecycle.preStop.sleep.seconds];
}

test('probes ask what the server has', () => {
  const paths = [server.startupProbe, server.readinessProbe, server.livenessProbe].map(
    probe => probe.httpGet.path,
  );
  expect(paths).toEqual(['/health', '/health', '/alive']);
});
