/** The files that `templates:` of alertmanager.yml names by patterns, as Go's filepath.Glob finds them. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { errorCode, VigieError } from '@vigie/core/errors';
import { compareText } from '@vigie/promql/labels/label-set';
import picomatch from 'picomatch';

export interface TemplateFile {
  readonly path: string;
  /** What errors and `{{ template }}` call it: its name without folders. */
  readonly name: string;
  readonly source: string;
}

/** In the order in which they are read: pattern by pattern, by their names.
 *  @param patterns absolute; `*` and `?` stand for no slash, `[a-z]` for one character. One that matches nothing is none.
 *  @throws {VigieError} CONFIG_UNREADABLE */
export async function readTemplateFiles(patterns: readonly string[]): Promise<readonly TemplateFile[]> {
  const files: TemplateFile[] = [];
  for (const pattern of patterns) {
    for (const path of await pathsOf(pattern)) {
      files.push({ path, name: basename(path), source: await readSource(path) });
    }
  }
  return files;
}

const MAGIC = /[*?[]/;

async function pathsOf(pattern: string): Promise<readonly string[]> {
  let found: readonly string[] = ['/'];
  for (const segment of pattern.split('/').filter((part) => part !== '')) {
    if (!MAGIC.test(segment)) found = found.map((folder) => join(folder, segment.replace(/\\(.)/g, '$1')));
    else {
      const matches = picomatch(segment, { dot: true, noextglob: true, nobrace: true, noglobstar: true });
      const below = await Promise.all(
        found.map(async (folder) => {
          const names = (await namesIn(folder)).filter((name) => matches(name)).sort(compareText);
          return names.map((name) => join(folder, name));
        }),
      );
      found = below.flat();
    }
  }
  const files = await Promise.all(found.map(async (path) => ((await isFile(path)) ? [path] : [])));
  return files.flat();
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw new VigieError('CONFIG_UNREADABLE', `cannot read the folder ${folder}`, { cause: error });
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (isAbsent(error)) return false;
    throw new VigieError('CONFIG_UNREADABLE', `cannot read ${path}`, { cause: error });
  }
}

async function readSource(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new VigieError('CONFIG_UNREADABLE', `cannot read ${path}`, { cause: error });
  }
}

function isAbsent(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}
