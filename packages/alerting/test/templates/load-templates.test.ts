import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadTemplates } from '../../src/templates/load-templates.ts';
import { notificationData } from '../../src/templates/notification-data.ts';
import { notificationOf } from './notifications.ts';

async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-templates-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

async function expand(patterns: readonly string[], source: string): Promise<string> {
  const templates = await loadTemplates(patterns, () => 0);
  return templates.render(notificationData(notificationOf('firing'), 'http://am')).text(source);
}

describe('loadTemplates', () => {
  it('reads files by their patterns, each known by its name too', async () => {
    const folder = await folderOf({
      'a/one.tmpl': '{{ define "one" }}1{{ end }}',
      'b/two.tmpl': '{{ define "two" }}2{{ template "one" }}{{ end }}whole',
      'b/two.txt': '{{ nonsense',
      'b/deep/three.tmpl': '{{ nonsense',
    });
    const source = '{{ template "two" . }} {{ template "two.tmpl" . }}';
    expect(await expand([join(folder, '*/*.tmpl'), join(folder, 'none/*')], source)).toBe('21 whole');
  });

  it('lets the last of several files of a name win, by their patterns', async () => {
    const folder = await folderOf({ 'z.tmpl': '{{ define "x" }}z{{ end }}', 'a.tmpl': '{{ define "x" }}a{{ end }}' });
    expect(await expand([join(folder, '[a-z].tmpl')], '{{ template "x" }}')).toBe('z');
    expect(await expand([join(folder, 'z.tmpl'), join(folder, '?.tmpl')], '{{ template "x" }}')).toBe('z');
    expect(await expand([join(folder, 'z.tmpl'), join(folder, 'a.tmpl')], '{{ template "x" }}')).toBe('a');
  });

  it('names file and line of what is no template, of all of them', async () => {
    const folder = await folderOf({
      'a.tmpl': 'x\n{{ define "a" }}\n{{ if }}',
      'b.tmpl': '{{ nope }}',
      'c.tmpl': 'fine',
    });
    await expect(loadTemplates([join(folder, '*.tmpl')], () => 0)).rejects.toThrow(
      [
        `${folder}/a.tmpl:3:1: expected templates of Go (template: a.tmpl:3: missing value for if), got "{{ if }}"`,
        `${folder}/b.tmpl:1:1: expected templates of Go (template: b.tmpl:1: function "nope" not defined), got "{{ nope }}"`,
      ].join('\n'),
    );
  });
});
