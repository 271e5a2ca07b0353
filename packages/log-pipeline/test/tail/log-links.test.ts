import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LogLinks } from '../../src/tail/log-links.ts';

const POD = 'shop_web-0_1b4e28ba-2fa1-11d2-883f-0016d3cca427';
let root = '';
let links: LogLinks;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'vigie-links-')));
  links = new LogLinks();
});
afterEach(() => rmSync(root, { recursive: true }));

function file(path: string): string {
  const full = join(root, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, '');
  return full;
}

function link(path: string, target: string): string {
  const full = join(root, path);
  mkdirSync(dirname(full), { recursive: true });
  symlinkSync(target, full);
  return full;
}

it('a file that is no link leads to itself', () => {
  const path = file('pods/a/0.log');
  expect(links.resolve(path)).toEqual({ resolved: path, display: path, exists: true });
});

it('a chain through the pods folder to where docker writes shows the path in the pods folder', () => {
  const docker = file('docker/containers/abc/abc-json.log');
  const inPods = link(`pods/${POD}/app/0.log`, docker);
  const inContainers = link('containers/web-0_shop_app-abc.log', inPods);
  expect(links.resolve(inContainers)).toEqual({ resolved: docker, display: inPods, exists: true });
  expect(links.resolve(inPods)).toEqual({ resolved: docker, display: inPods, exists: true });
});

it('a chain whose file was renamed a moment before leads to where the next one will be', () => {
  const docker = file('docker/containers/abc/abc-json.log');
  const inPods = link(`pods/${POD}/app/0.log`, docker);
  const inContainers = link('containers/web-0_shop_app-abc.log', inPods);
  renameSync(docker, `${docker}.1`);
  expect(links.resolve(inContainers)).toEqual({ resolved: docker, display: inPods, exists: false });
});

it('a link that leads nowhere is looked at again, and so is one that leads elsewhere', () => {
  const target = join(root, 'pods/0.log');
  const path = link('containers/a.log', '../pods/0.log');
  expect(links.resolve(path)).toBeUndefined();
  mkdirSync(join(root, 'pods'));
  expect(links.resolve(path)).toMatchObject({ resolved: target, exists: false });
  file('pods/0.log');
  expect(links.resolve(path)?.resolved).toBe(target);
  const next = file('pods/1.log');
  renameSync(link('containers/new', '../pods/1.log'), path);
  expect(links.resolve(path)).toEqual({
    resolved: next,
    display: join(root, 'containers/../pods/1.log'),
    exists: true,
  });
});
