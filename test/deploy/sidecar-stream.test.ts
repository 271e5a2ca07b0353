import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { STREAM_DEFAULTS } from '@vigie/sidecar/stream/settings';
import { Deployment } from 'kubernetes-models/apps/v1';
import { Job } from 'kubernetes-models/batch/v1';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1';
import { Namespace } from 'kubernetes-models/v1';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { manifestProblems } from './manifest-check.ts';

const FOLDER = fileURLToPath(new URL('../../deploy/sidecar-stream', import.meta.url));
const CLI = fileURLToPath(new URL('../../packages/cli/bin/vigie.cjs', import.meta.url));
/** To close, after `shutdown_grace`. */
const CLOSE_MS = 3000;

const kustomization: unknown = parse(readFileSync(join(FOLDER, 'kustomization.yaml'), 'utf8'));
const files = readdirSync(FOLDER).filter((name) => name !== 'kustomization.yaml');
const manifests = new Map<string, unknown>(
  files.map((file) => [file, parse(readFileSync(join(FOLDER, file), 'utf8'))]),
);

/** The one manifest of a kind. */
function only<T>(is: (value: unknown) => value is T): T {
  const [found, ...others] = [...manifests.values()].filter(is);
  if (found === undefined || others.length > 0) throw new Error('not exactly one manifest of the kind');
  return found;
}

const namespace = only(Namespace.is);
const deployment = only(Deployment.is).spec?.template;
const job = only(Job.is).spec;
const native = deployment?.spec?.initContainers?.[0];
const plain = job?.template.spec?.containers[1];
const variants = [
  { variant: 'the native sidecar', pod: deployment?.spec, sidecar: native },
  { variant: 'the plain one of a Job', pod: job?.template.spec, sidecar: plain },
];

describe('manifests of the streaming sidecar', () => {
  it.each([...manifests])('%s is valid and has no field that Kubernetes does not know', (_file, manifest) => {
    expect(manifestProblems(manifest)).toEqual([]);
  });

  it('are all applied by the kustomization, in one namespace that enforces the level restricted', () => {
    expect(kustomization).toMatchObject({ resources: expect.arrayContaining(files) });
    const named = [...manifests.values()] as { readonly metadata: { readonly namespace?: string } }[];
    expect(new Set(named.flatMap(({ metadata }) => metadata.namespace ?? []))).toEqual(
      new Set([namespace.metadata?.name]),
    );
    expect(namespace.metadata?.labels).toEqual({ 'pod-security.kubernetes.io/enforce': 'restricted' });
  });
});

describe.each(variants)('$variant', ({ pod, sidecar }) => {
  it('has options that the command line knows', () => {
    expect(sidecar?.command?.slice(0, 3)).toEqual(['vigie', 'sidecar', 'stream']);
    const help = execFileSync(process.execPath, [CLI, 'sidecar', 'stream', '--help'], { encoding: 'utf8' });
    const options = sidecar?.command?.filter((argument) => argument.startsWith('--')) ?? [];
    expect(options.filter((option) => !help.includes(`${option} `))).toEqual([]);
  });

  it('reads where the application writes, as the same user', () => {
    const app = pod?.containers.find(({ name }) => name === 'app');
    const [mount] = app?.volumeMounts ?? [];
    expect(sidecar?.volumeMounts).toEqual([mount]);
    expect(sidecar?.command?.at(-1)).toBe(`${mount?.mountPath}/*.log`);
    expect(app?.workingDir).toBe(mount?.mountPath);
    expect(pod?.volumes).toEqual([{ name: mount?.name, emptyDir: { sizeLimit: expect.any(String) } }]);
    for (const container of [app, sidecar]) expect(container?.securityContext?.runAsUser).toBeUndefined();
  });

  it('is probed where it listens', () => {
    const at = sidecar?.command?.indexOf('--listen') ?? -1;
    const [port] = sidecar?.ports ?? [];
    expect(sidecar?.command?.[at + 1]).toBe(`:${port?.containerPort}`);
    const probes = [sidecar?.startupProbe, sidecar?.livenessProbe].map((probe) => probe?.httpGet);
    expect(probes).toEqual([0, 1].map(() => ({ path: '/livez', port: port?.name })));
    expect(sidecar?.readinessProbe).toBeUndefined();
    const ingress = only(NetworkPolicy.is).spec?.ingress?.flatMap(({ ports }) => ports ?? []);
    expect(ingress).toEqual([{ protocol: 'TCP', port: port?.containerPort }]);
  });

  it('has resources, runs at the level restricted, and writes its volume alone', () => {
    for (const container of [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])]) {
      expect(container.securityContext).toEqual({
        privileged: false,
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      expect(container.resources?.requests).toEqual({ cpu: expect.any(String), memory: expect.any(String) });
      expect(container.resources?.limits).toEqual({ memory: expect.any(String) });
    }
    expect(pod?.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(pod?.automountServiceAccountToken).toBe(false);
  });

  it('has time to drain before it is killed', () => {
    const graceMs = (pod?.terminationGracePeriodSeconds ?? 0) * 1000;
    expect(graceMs).toBeGreaterThan(STREAM_DEFAULTS.shutdownGraceMs + CLOSE_MS);
  });
});

it('the native sidecar stands among the init containers, and restarts by itself', () => {
  expect(native?.restartPolicy).toBe('Always');
  expect(deployment?.spec?.containers.map(({ name }) => name)).toEqual(['app']);
});

it('the one of a Job ends when the application has made the file that it waits for, in a pod that is never used again', () => {
  const at = plain?.command?.indexOf('--until') ?? -1;
  expect(plain?.command?.[at + 1]).toBe('/var/log/app/done');
  expect(job?.template.spec?.containers[0]?.command?.at(-1)).toContain("trap 'touch done' EXIT");
  expect(job?.template.spec?.restartPolicy).toBe('Never');
  expect(job?.activeDeadlineSeconds).toBeGreaterThan(0);
});
