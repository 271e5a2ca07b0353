import { describe, expect, it } from 'vitest';
import { globsOf, injectedPod, refusalsOf } from './patched.ts';
import { podWithPaths } from './pods.ts';

const DATA_MOUNT = { name: 'vigie-sidecar-data', mountPath: '/var/lib/vigie-sidecar' };
const emptyDir = (name: string) => ({ name, emptyDir: {} });

/** Where the sidecar has the logs of an `app` with these mounts. */
function seen(
  paths: string,
  volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly subPath?: string }[] = [],
) {
  const volumes = [...new Set(volumeMounts.map(({ name }) => name))].map(emptyDir);
  const { object, sidecar, warnings } = injectedPod(
    podWithPaths(paths, { container: { volumeMounts }, spec: { volumes } }),
  );
  expect(sidecar.volumeMounts.at(-1)).toEqual(DATA_MOUNT);
  return {
    app: object.spec.containers[0]?.volumeMounts,
    sidecar: sidecar.volumeMounts.slice(0, -1),
    volumes: object.spec.volumes.map(({ name }) => name),
    globs: globsOf(sidecar),
    warnings,
  };
}

describe('a directory that is no volume', () => {
  it('becomes one, once for all globs in it', () => {
    expect(seen('app=/var/log/app/a.log,/var/log/app/*.txt,/srv/out/**/*.log')).toEqual({
      app: [
        { name: 'vigie-logs-0', mountPath: '/var/log/app' },
        { name: 'vigie-logs-1', mountPath: '/srv/out' },
      ],
      sidecar: [
        { name: 'vigie-logs-0', mountPath: '/logs/app/var/log/app', readOnly: true },
        { name: 'vigie-logs-1', mountPath: '/logs/app/srv/out', readOnly: true },
      ],
      volumes: ['vigie-logs-0', 'vigie-logs-1', 'vigie-sidecar-data'],
      globs: ['/logs/app/var/log/app/a.log', '/logs/app/var/log/app/*.txt', '/logs/app/srv/out/**/*.log'],
      warnings: [],
    });
  });

  it('becomes one with those below it', () => {
    const { app, globs } = seen('app=/data/x/y/*.log,/data/*.log,/database/*.log');
    expect(app).toEqual([
      { name: 'vigie-logs-0', mountPath: '/data' },
      { name: 'vigie-logs-1', mountPath: '/database' },
    ]);
    expect(globs).toEqual(['/logs/app/data/x/y/*.log', '/logs/app/data/*.log', '/logs/app/database/*.log']);
  });

  it('is one for each container, as in their images', () => {
    const containers = ['a', 'b'].map((name) => ({ name, image: 'i' }));
    const { object, sidecar } = injectedPod(
      podWithPaths('a=/var/log/x/*.log;b=/var/log/x/*.log', {
        containers,
        spec: { securityContext: { runAsUser: 1000 } },
      }),
    );
    expect(object.spec.containers.map(({ volumeMounts }) => volumeMounts[0]?.name)).toEqual([
      'vigie-logs-0',
      'vigie-logs-1',
    ]);
    expect(globsOf(sidecar)).toEqual(['/logs/a/var/log/x/*.log', '/logs/b/var/log/x/*.log']);
  });

  it.each([
    'app=/app.log',
    'app=/etc/*.log',
    'app=/proc/1/x.log',
  ])('is refused where that would break the image: %s', (paths) => {
    expect(refusalsOf(podWithPaths(paths))).toEqual([expect.stringMatching(/^unusable_path: app: /)]);
  });
});

describe('a directory in a volume of the application', () => {
  it('is shared, read-only', () => {
    expect(seen('app=/data/logs/*.log', [{ name: 'data', mountPath: '/data/' }])).toEqual({
      app: [{ name: 'data', mountPath: '/data/' }],
      sidecar: [{ name: 'data', mountPath: '/logs/app/data', readOnly: true }],
      volumes: ['data', 'vigie-sidecar-data'],
      globs: ['/logs/app/data/logs/*.log'],
      warnings: [],
    });
  });

  it('is that of the innermost mount, with its subPath', () => {
    const volumeMounts = [
      { name: 'data', mountPath: '/data' },
      { name: 'logs', mountPath: '/data/logs', subPath: 'of-app' },
    ];
    expect(seen('app=/data/logs/*.log', volumeMounts).sidecar).toEqual([
      { name: 'logs', mountPath: '/logs/app/data/logs', readOnly: true, subPath: 'of-app' },
    ]);
  });

  it('is writable where another volume is mounted within it: its directory is made when the sidecar starts', () => {
    const mounts = [
      { name: 'data', mountPath: '/data' },
      { name: 'logs', mountPath: '/data/logs' },
    ];
    expect(seen('app=/data/*.log,/data/logs/*.log', mounts).sidecar).toEqual([
      { name: 'data', mountPath: '/logs/app/data' },
      { name: 'logs', mountPath: '/logs/app/data/logs', readOnly: true },
    ]);
  });

  it('is read once where two containers share it', () => {
    const containers = [
      { name: 'a', image: 'i', volumeMounts: [{ name: 'shared', mountPath: '/var/log/a' }] },
      { name: 'b', image: 'i', volumeMounts: [{ name: 'shared', mountPath: '/logs' }] },
    ];
    const { sidecar } = injectedPod(
      podWithPaths('a=/var/log/a/x/*.log;b=/logs/x/*.log,/logs/y/*.log', {
        containers,
        spec: { securityContext: { runAsUser: 1000 }, volumes: [emptyDir('shared')] },
      }),
    );
    expect(globsOf(sidecar)).toEqual(['/logs/a/var/log/a/x/*.log', '/logs/a/var/log/a/y/*.log']);
    expect(sidecar.volumeMounts).toEqual([
      { name: 'shared', mountPath: '/logs/a/var/log/a', readOnly: true },
      DATA_MOUNT,
    ]);
  });

  it('is refused where its subPathExpr has what the sidecar does not know', () => {
    const mounts = (subPathExpr: string) => [{ name: 'data', mountPath: '/data', subPathExpr }];
    const before = (subPathExpr: string) =>
      podWithPaths('app=/data/*.log', {
        container: { volumeMounts: mounts(subPathExpr) },
        spec: { volumes: [emptyDir('data')] },
      });
    expect(refusalsOf(before('$(TEAM)/$(POD_NAME)'))).toEqual([
      'unusable_volume: app: the volume data has a subPathExpr with TEAM, which the sidecar does not have',
    ]);
    expect(injectedPod(before('$(POD_NAME)')).sidecar.volumeMounts[0]).toEqual({
      name: 'data',
      mountPath: '/logs/app/data',
      readOnly: true,
      subPathExpr: '$(POD_NAME)',
    });
  });

  it('warns of volumes that a deep glob does not reach into', () => {
    const mounts = [
      { name: 'secrets', mountPath: '/srv/app/secrets' },
      { name: 'reports', mountPath: '/srv/app/reports' },
      { name: 'other', mountPath: '/srv/other' },
    ];
    const { warnings, sidecar } = seen('app=/srv/app/**/*.log,/srv/app/reports/*.log', mounts);
    expect(warnings).toEqual([
      'app: /srv/app/**/*.log does not reach the volume secrets at /srv/app/secrets: name a glob in it where its files are logs',
    ]);
    expect(sidecar.map(({ name }) => name)).toEqual(['vigie-logs-0', 'reports']);
  });
});
