import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCode } from '@vigie/core/errors';
import { describe, expect, onTestFinished, test } from 'vitest';
import { loadKubeConfig } from '../src/config.ts';

async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-kube-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function fileWith(text: string, name = 'config'): Promise<string> {
  const file = join(await tempFolder(), name);
  await writeFile(file, text);
  return file;
}

const PEM = Buffer.from('-----BEGIN CERTIFICATE-----').toString('base64');

const KUBECONFIG = `
apiVersion: v1
kind: Config
clusters:
- name: main
  cluster: {server: "https://10.1.1.1:6443/below", certificate-authority: pki/ca.crt, tls-server-name: kube.example}
- name: plain
  cluster: {server: "http://127.0.0.1:8001"}
users:
- name: certified
  user: {client-certificate-data: ${PEM}, client-key: pki/own.key, token: ""}
- name: rotated
  user: {token: "written at login", tokenFile: /var/run/token}
- name: static
  user: {token: abc}
- name: basic
  user: {username: admin, password: "secret"}
- name: nobody
  user: {}
contexts:
- {name: as-certified, context: {cluster: main, user: certified, namespace: shop}}
- {name: as-rotated, context: {cluster: main, user: rotated}}
- {name: as-static, context: {cluster: plain, user: static}}
- {name: as-basic, context: {cluster: plain, user: basic}}
- {name: as-nobody, context: {cluster: plain, user: nobody}}
- {name: lost, context: {cluster: gone, user: nobody}}
current-context: as-certified
`;

describe('a kubeconfig file', () => {
  test('gives server, certificates and namespace of its current context; paths are relative to the file', async () => {
    const file = await fileWith(KUBECONFIG);
    const config = loadKubeConfig({ kubeconfig: file }, { env: {} });
    expect(config).toEqual({
      server: new URL('https://10.1.1.1:6443/below'),
      tls: {
        ca: { file: join(file, '../pki/ca.crt') },
        cert: { text: '-----BEGIN CERTIFICATE-----' },
        key: { file: join(file, '../pki/own.key') },
        serverName: 'kube.example',
      },
      credentials: { type: 'none' },
      namespace: 'shop',
      origin: file,
    });
  });

  test.each([
    ['as-rotated', { type: 'bearer', token: { file: '/var/run/token' } }],
    ['as-static', { type: 'bearer', token: { text: 'abc' } }],
    ['as-basic', { type: 'basic', user: 'admin', password: 'secret' }],
    ['as-nobody', { type: 'none' }],
  ])('of the context %s has its credentials', async (context, credentials) => {
    const config = loadKubeConfig({ kubeconfig: await fileWith(KUBECONFIG), context }, { env: {} });
    expect(config.credentials).toEqual(credentials);
    expect(config.namespace).toBe('default');
  });

  test('of several in KUBECONFIG the first to name a thing wins; those that are not there are passed over', async () => {
    const first = await fileWith('current-context: as-static\nusers: [{name: static, user: {token: mine}}]\n');
    const second = await fileWith(KUBECONFIG);
    const config = loadKubeConfig({}, { env: { KUBECONFIG: `/does/not/exist:${first}:${second}` } });
    expect(config.credentials).toEqual({ type: 'bearer', token: { text: 'mine' } });
    expect(config.server.href).toBe('http://127.0.0.1:8001/');
  });

  test.each([
    ['exec: {command: aws}', 'KUBECONFIG_UNSUPPORTED', 'exec is not supported here; use a token, a tokenFile'],
    ['auth-provider: {name: gcp}', 'KUBECONFIG_UNSUPPORTED', 'auth-provider is not supported'],
    ['as: root', 'KUBECONFIG_UNSUPPORTED', 'as is not supported here; give the user the rights it needs'],
    ['as-groups: [system:masters]', 'KUBECONFIG_UNSUPPORTED', 'as-groups is not supported'],
    [`client-certificate-data: ${PEM}`, 'KUBECONFIG_INVALID', 'a client certificate needs its key'],
    ['token: 7', 'KUBECONFIG_INVALID', 'users.0.user.token: expected string'],
  ])('with %s is refused', async (user, code, message) => {
    const file = await fileWith(
      `clusters: [{name: c, cluster: {server: "http://x"}}]\nusers: [{name: u, user: {${user}}}]\n` +
        'contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n',
    );
    const load = (): unknown => loadKubeConfig({ kubeconfig: file }, { env: {} });
    expect(load).toThrow(message);
    expect(load).toThrow(file);
    expect(codeOf(load)).toBe(code);
  });

  test.each([
    ['clusters: [', 'not YAML'],
    ['clusters: 1\ncurrent-context: x', 'clusters: expected Array'],
    ['clusters: [{name: c, cluster: {server: nowhere}}]', 'clusters.0.cluster.server: expected a URL'],
    ['contexts: []', 'current-context is not set'],
    ['current-context: x', 'there is no context of the name "x"'],
    [KUBECONFIG.replace('current-context: as-certified', 'current-context: lost'), 'no cluster of the name "gone"'],
    [KUBECONFIG.replace('https://10.1.1.1', 'ftp://10.1.1.1'), 'server: expected an http or https URL'],
    [KUBECONFIG.replace('tls-server-name: kube.example', 'proxy-url: "http://proxy"'), 'proxy-url is not supported'],
  ])('%j is refused', async (text, message) => {
    const file = await fileWith(text);
    expect(() => loadKubeConfig({ kubeconfig: file }, { env: {} })).toThrow(message);
  });

  test('that cannot be read is refused', () => {
    const load = (): unknown => loadKubeConfig({ kubeconfig: '/does/not/exist' }, { env: {} });
    expect(codeOf(load)).toBe('FILE_UNREADABLE');
  });
});

describe('where the configuration comes from', () => {
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };

  test('in a pod: its ServiceAccount, whose files are read when they are needed', async () => {
    const folder = await tempFolder();
    await writeFile(join(folder, 'namespace'), 'logs');
    expect(loadKubeConfig({}, { env, serviceAccountFolder: folder })).toEqual({
      server: new URL('https://[fd00::1]:443'),
      tls: { ca: { file: join(folder, 'ca.crt') } },
      credentials: { type: 'bearer', token: { file: join(folder, 'token') } },
      namespace: 'logs',
      origin: 'the ServiceAccount of this pod',
    });
  });

  test('KUBECONFIG wins over the pod, and a file named in the options over both', async () => {
    const file = await fileWith(KUBECONFIG);
    expect(loadKubeConfig({}, { env: { ...env, KUBECONFIG: file } }).origin).toBe(file);
    const options = { kubeconfig: file, context: 'as-static' };
    expect(loadKubeConfig(options, { env: { ...env, KUBECONFIG: '/other' } }).server.port).toBe('8001');
  });

  test('at home: ~/.kube/config; without one, what to do is said', async () => {
    const homeFolder = await tempFolder();
    const load = (): unknown => loadKubeConfig({}, { env: {}, homeFolder });
    expect(codeOf(load)).toBe('KUBE_NO_CONFIG');
    expect(load).toThrow(/KUBERNETES_SERVICE_HOST is not set.*KUBECONFIG is not set/);
    await mkdir(join(homeFolder, '.kube'));
    await writeFile(join(homeFolder, '.kube/config'), KUBECONFIG);
    expect(load()).toMatchObject({ namespace: 'shop' });
  });
});

function codeOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    return errorCode(error);
  }
  return undefined;
}
