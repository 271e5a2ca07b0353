import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@vigie/core/fake-clock';
import { createLog } from '@vigie/core/log';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type IdentitySettings, PodIdentity } from '../../src/ship/pod-identity.ts';

const SETTINGS: IdentitySettings = {
  clusterName: undefined,
  container: undefined,
  labelsFile: undefined,
  annotationsFile: undefined,
  annotations: [],
};
const ENV = {
  POD_NAMESPACE: 'shop',
  POD_NAME: 'web-0',
  POD_UID: 'u0',
  POD_IP: '',
  NODE_NAME: 'n1',
  CONTAINER_NAME: 'web',
};

function bed() {
  const folder = mkdtempSync(join(tmpdir(), 'vigie-identity-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const logged: string[] = [];
  const clock = new FakeClock();
  const log = createLog('debug', { write: (line) => void logged.push(line) });
  const create = (settings: Partial<IdentitySettings> = {}, env: Record<string, string> = ENV) =>
    new PodIdentity({ ...SETTINGS, ...settings }, env, clock, log);
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  return { clock, logged, create, file };
}

describe('who the pod is', () => {
  it('stands in the environment; an empty variable says nothing', () => {
    const { create } = bed();
    expect(create({ clusterName: 'paris' }).facts()).toMatchObject({
      namespace: 'shop',
      podName: 'web-0',
      podUid: 'u0',
      podIp: undefined,
      nodeName: 'n1',
      containerName: 'web',
      clusterName: 'paris',
      labels: {},
    });
    expect(create({ container: 'api' }).facts().containerName).toBe('api');
  });

  it('has labels, and the annotations that are asked for, of the files that the configuration or the environment names', () => {
    const { create, file } = bed();
    const labels = file('labels', 'app="web"');
    const annotations = file('annotations', 'example.com/team="a\\nb"\nexample.com/secret="x"');
    const facts = create(
      { annotations: ['example.com/t*'] },
      { ...ENV, POD_LABELS_FILE: labels, POD_ANNOTATIONS_FILE: annotations },
    ).facts();
    expect(facts.labels).toEqual({ app: 'web' });
    expect(facts.annotations).toEqual({ 'example.com/team': 'a\nb' });
    const other = file('other', 'app="api"');
    expect(create({ labelsFile: other }, { POD_LABELS_FILE: labels }).facts().labels).toEqual({ app: 'api' });
  });

  it('follows the files, and is the same object while they stay the same', async () => {
    const { create, file, clock } = bed();
    const labels = file('labels', 'app="web"');
    const identity = create({ labelsFile: labels });
    const first = identity.facts();
    await clock.advance(60_000);
    expect(identity.facts()).toBe(first);
    file('labels', 'app="web",tier="x"');
    file('labels', 'app="web-2"');
    await clock.advance(60_000);
    expect(identity.facts().labels).toEqual({ app: 'web-2' });
  });

  it('stays what it was when a file becomes unusable, and says so once', async () => {
    const { create, file, clock, logged } = bed();
    const identity = create({ labelsFile: file('labels', 'app="web"') });
    file('labels', 'no label');
    for (let i = 0; i < 3; i++) {
      await clock.advance(20_000);
      expect(identity.facts().labels).toEqual({ app: 'web' });
    }
    expect(logged.filter((line) => line.includes('cannot be read again'))).toHaveLength(1);
  });

  it.each([
    ['is missing', undefined, 'FILE_UNREADABLE'],
    ['is none of the kubelet', 'app: web', 'POD_FILE_MALFORMED'],
  ])('is refused where a file %s', (_what, text, code) => {
    const { create, file } = bed();
    const labelsFile = text === undefined ? '/nonexistent/labels' : file('labels', text);
    expect(() => create({ labelsFile })).toThrow(expect.objectContaining({ code }));
  });

  it('leaves out what is too long for every record, and says so', () => {
    const { create, file, logged } = bed();
    const annotationsFile = file('annotations', `big="${'x'.repeat(5000)}"\nsmall="y"`);
    expect(create({ annotationsFile, annotations: ['*'] }).facts().annotations).toEqual({ small: 'y' });
    expect(logged.join('')).toContain('annotation big');
  });
});
