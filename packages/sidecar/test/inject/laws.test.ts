/** What holds of injection into any pod. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inject } from '../../src/inject/inject.ts';
import { patchedObject, SETTINGS } from './patched.ts';

const SEED = 20_261_129;
const RUNS = 1500;

/** Mostly what is common, at times what is in the way. */
const mostly = <T>(common: readonly T[], rare: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 30, arbitrary: fc.constantFrom(...common) }, { weight: 1, arbitrary: fc.constantFrom(...rare) });

/** A pod has each name once, be it of an init container or not. */
const APPS = mostly(['app', 'web'], ['db', 'vigie-sidecar']);
const INITS = mostly(['migrate', 'proxy'], ['seed']);
const VOLUMES = mostly(['data', 'logs'], ['vigie-logs-0', 'vigie-sidecar-data']);
const PATHS = ['/', '/data', '/data/logs', '/var/log', '/var/log/app', '/etc', '/tmp/'];
const GLOBS = mostly(
  ['/data/*.log', '/data/logs/**/*.log', '/var/log/app/a.log', '/tmp/{a,b}.log'],
  ['/x.log', 'x.log', '/etc/*'],
);

const user = fc.option(mostly([1000, 2000], [0]), { nil: undefined });
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
/** As the API server sends objects: what is not set is not there. */
const withoutUndefined = (object: unknown): unknown => JSON.parse(JSON.stringify(object));

const mount = fc.record({
  name: VOLUMES,
  mountPath: fc.constantFrom(...PATHS.slice(1)),
  readOnly: some(fc.boolean()),
  subPath: some(fc.constantFrom('a', 'b/c')),
  subPathExpr: some(mostly(['$(POD_NAME)'], ['$(OTHER)'])),
});
const container = (name: fc.Arbitrary<string>) =>
  fc.record({
    name,
    image: fc.constant('i'),
    securityContext: some(fc.record({ runAsUser: user, runAsGroup: user })),
    ports: some(fc.array(fc.record({ containerPort: mostly([80, 8080], [9881]) }), { maxLength: 2 })),
    volumeMounts: some(fc.uniqueArray(mount, { maxLength: 3, selector: ({ mountPath }) => mountPath })),
  });
const containers = (name: fc.Arbitrary<string>, minLength: number) =>
  fc.uniqueArray(container(name), { minLength, maxLength: 3, selector: ({ name }) => name });
const paths = fc
  .array(
    fc.tuple(
      fc.oneof({ weight: 5, arbitrary: APPS }, { weight: 1, arbitrary: INITS }),
      fc.array(GLOBS, { minLength: 1, maxLength: 3 }),
    ),
    { minLength: 1, maxLength: 2 },
  )
  .map((parts) => parts.map(([name, globs]) => `${name}=${globs.join(',')}`).join(';'));
const annotations = fc.record({
  'vigie.io/inject': mostly(['stream', 'ship'], ['false', 'x']),
  'vigie.io/paths': paths,
  'vigie.io/config': some(mostly(['logs'], ['Not A Name'])),
  'vigie.io/run-as-user': some(mostly(['1000'], ['root'])),
  'vigie.io/port': some(fc.constantFrom('9881', '9991')),
  'vigie.io/injected': some(fc.constant('stream')),
});
const pod = fc
  .record({
    metadata: fc.record({ annotations, labels: fc.constant({ app: 'x' }) }),
    spec: fc.record({
      hostNetwork: some(fc.boolean()),
      securityContext: some(fc.record({ runAsUser: user, fsGroup: user })),
      initContainers: some(containers(INITS, 0)),
      containers: containers(APPS, 1),
      volumes: some(
        fc.uniqueArray(
          fc.record({
            name: VOLUMES,
            emptyDir: some(fc.constant({})),
            hostPath: some(fc.constant({})),
          }),
          { maxLength: 3, selector: ({ name }) => name },
        ),
      ),
    }),
  })
  .map(withoutUndefined);

interface InjectedPod {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly initContainers: readonly Container[];
    readonly containers: readonly Container[];
    readonly volumes: readonly { readonly name: string }[];
  };
}
interface Container {
  readonly name: string;
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly ports?: readonly { readonly containerPort: number }[];
}

function injected(object: unknown): InjectedPod | undefined {
  const result = inject(object, SETTINGS);
  return result.status === 'injected' ? (patchedObject(object, result.patch) as InjectedPod) : undefined;
}

/** @returns how many of the pods were injected, so that a law is known to have been tried */
function holds(law: (before: InjectedPod, after: InjectedPod) => void): number {
  let tried = 0;
  fc.assert(
    fc.property(pod, (before) => {
      const after = injected(before);
      if (after === undefined) return;
      tried++;
      law(before as InjectedPod, after);
    }),
    { seed: SEED, numRuns: RUNS },
  );
  return tried;
}

describe('injection', () => {
  it('of what it has made is nothing', () => {
    const tried = holds((_before, after) =>
      expect(inject(after, SETTINGS)).toEqual({ status: 'unchanged', reason: 'already_injected' }),
    );
    expect(tried).toBeGreaterThan(100);
  });

  it('answers the same for the same pod, and does not touch it', () => {
    fc.assert(
      fc.property(pod, (before) => {
        const copy = structuredClone(before);
        expect(inject(before, SETTINGS)).toEqual(inject(copy, SETTINGS));
        expect(before).toEqual(copy);
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  it('takes nothing away and reorders nothing', () => {
    const tried = holds((before, after) => {
      // A mark that is no longer true is renewed.
      const { 'vigie.io/injected': _, ...annotations } = before.metadata.annotations;
      expect(isWithin({ ...before, metadata: { ...before.metadata, annotations } }, after)).toBe(true);
    });
    expect(tried).toBeGreaterThan(100);
  });

  it('makes pods that the API server takes: names, mount paths and ports are had once, and mounts have their volumes', () => {
    const tried = holds((before, after) => {
      const { volumes, initContainers, containers: apps } = after.spec;
      const all = [...initContainers, ...apps];
      expectUnique(volumes.map(({ name }) => name));
      const sidecars = all.filter(({ name }) => name === 'vigie-sidecar');
      expect(sidecars.length).toBe(1);
      for (const { volumeMounts = [] } of all) expectUnique(volumeMounts.map(({ mountPath }) => mountPath));
      const port = sidecars[0]?.ports?.[0]?.containerPort;
      const others = all.filter(({ name }) => name !== 'vigie-sidecar').flatMap(({ ports = [] }) => ports);
      expect(others.map(({ containerPort }) => containerPort)).not.toContain(port);
      // What a pod mounts without having it is its own mistake.
      const missing = new Set(
        [...(before.spec.initContainers ?? []), ...before.spec.containers].flatMap(({ volumeMounts = [] }) =>
          volumeMounts.map(({ name }) => name),
        ),
      );
      const known = new Set([...volumes.map(({ name }) => name), ...missing]);
      for (const { volumeMounts = [] } of all) for (const { name } of volumeMounts) expect(known).toContain(name);
    });
    expect(tried).toBeGreaterThan(100);
  });
});

/** Whether all of `before` is in `after`: of a mapping every key, of a list its items in their order. */
function isWithin(before: unknown, after: unknown): boolean {
  if (Array.isArray(before) && Array.isArray(after)) {
    let at = 0;
    for (const item of after) if (at < before.length && isWithin(before[at], item)) at++;
    return at === before.length;
  }
  if (typeof before !== 'object' || before === null) return before === after;
  if (typeof after !== 'object' || after === null || Array.isArray(before) || Array.isArray(after)) return false;
  return Object.entries(before).every(([key, value]) => isWithin(value, Reflect.get(after, key)));
}

function expectUnique(values: readonly unknown[]): void {
  expect([...new Set(values)]).toEqual(values);
}
