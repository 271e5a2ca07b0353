import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { globFiles } from '../../src/file/glob-files.ts';
import { loadRuleFiles } from '../../src/file/load-rule-files.ts';

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'vigie-rules-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

describe('globFiles', () => {
  it.each([
    ['*.yml', ['a.yml', 'b+c.yml', 'd.e.yml']],
    ['?.yml', ['a.yml']],
    ['[a-b]*.yml', ['a.yml', 'b+c.yml']],
    ['[^a]*.yml', ['b+c.yml', 'd.e.yml']],
    ['*/*.yml', ['sub/x.yml']],
    ['s?b/x.yml', ['sub/x.yml']],
    ['./a.yml', ['a.yml']],
    ['b\\+c.yml', ['b+c.yml']],
    ['[.yml', []],
    ['missing.yml', []],
    ['a.yml/*', []],
  ])('%s leads to %j', async (pattern, expected) => {
    const folder = await folderWith({ 'a.yml': '', 'b+c.yml': '', 'd.e.yml': '', 'a.json': '', 'sub/x.yml': '' });
    const found = await globFiles(pattern, folder);
    expect(found.map((path) => relative(folder, path))).toEqual(expected);
    expect(await globFiles(join(folder, pattern), '/nowhere')).toEqual(found);
  });
});

describe('loadRuleFiles', () => {
  it('reads each file once', async () => {
    const folder = await folderWith({ 'a.yml': 'groups: [{name: g}]' });
    const file = join(folder, 'a.yml');
    expect(await loadRuleFiles([file, file])).toMatchObject([{ name: 'g', file }]);
  });

  it('tells the problems of all files', async () => {
    const folder = await folderWith({ 'a.yml': 'groups: 1', 'b.yml': 'grops: []', 'c.yml': '' });
    await expect(loadRuleFiles(['a.yml', 'b.yml', 'c.yml'].map((name) => join(folder, name)))).rejects.toThrow(
      /a\.yml:1:9: groups: expected a list.*\n.*b\.yml:1:1: grops/,
    );
  });

  it('says of a file that is not there which one it is', async () => {
    await expect(loadRuleFiles(['/nowhere/rules.yml'])).rejects.toMatchObject({
      code: 'CONFIG_UNREADABLE',
      message: 'cannot read the rule file /nowhere/rules.yml',
    });
  });
});
