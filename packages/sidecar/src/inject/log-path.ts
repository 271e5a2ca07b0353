/** `vigie.io/paths`: which files of which containers are logs. */

export interface LogPath {
  readonly container: string;
  /** Absolute and normal: no empty, `.` or `..` segments. */
  readonly glob: string;
  /** The deepest directory that has all the files the glob can match: `/var/log/app` of `/var/log/app/*.log`. */
  readonly directory: string;
  /** Whether it matches files in directories below that one. */
  readonly isDeep: boolean;
}

export type ReadPaths = { readonly paths: readonly LogPath[] } | { readonly problem: string };

/** A pod has few log directories; its command line has to stay one that a person can read. */
const MAX_GLOBS = 64;
const MAGIC = /[*?[\]{}()!\\]/;

/** Reads `CONTAINER=GLOB[,GLOB][;CONTAINER=…]`. A comma within braces belongs to the glob. */
export function readPaths(written: string): ReadPaths {
  const paths: LogPath[] = [];
  for (const part of written.split(';').map((text) => text.trim())) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const container = part.slice(0, Math.max(0, equals)).trim();
    if (container === '') return { problem: `expected CONTAINER=GLOB[,GLOB][;CONTAINER=…], got ${quoted(part)}` };
    for (const glob of splitGlobs(part.slice(equals + 1))) {
      const path = readGlob(container, glob);
      if ('problem' in path) return path;
      paths.push(path);
    }
  }
  if (paths.length === 0) return { problem: 'expected CONTAINER=GLOB, got nothing' };
  if (paths.length > MAX_GLOBS) return { problem: `expected at most ${MAX_GLOBS} globs, got ${paths.length}` };
  return { paths };
}

function splitGlobs(written: string): readonly string[] {
  const globs: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at <= written.length; at++) {
    const character = written[at];
    if (character === '{') depth++;
    if (character === '}') depth = Math.max(0, depth - 1);
    if (character !== undefined && (character !== ',' || depth > 0)) continue;
    globs.push(written.slice(start, at).trim());
    start = at + 1;
  }
  return globs;
}

function readGlob(container: string, glob: string): LogPath | { readonly problem: string } {
  if (!glob.startsWith('/')) return { problem: `expected an absolute path of ${container}, got ${quoted(glob)}` };
  const segments = glob.slice(1).split('/');
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    return { problem: `expected a path to files, without empty, . and .. parts, got ${quoted(glob)}` };
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  if (/[\u0000-\u001f\u007f]/.test(glob)) return { problem: `expected a path without control characters` };
  const magicAt = segments.findIndex((segment) => MAGIC.test(segment));
  const depth = magicAt === -1 ? segments.length - 1 : magicAt;
  return {
    container,
    glob,
    directory: `/${segments.slice(0, depth).join('/')}`,
    // A brace may hold a slash: `{a,b/c}.log`.
    isDeep: depth < segments.length - 1 || (segments[depth] ?? '').includes('**'),
  };
}

/** Mounting something there would hide what the image needs to run. */
const HIDES_THE_IMAGE = /^\/(bin|boot|etc|home|lib|lib32|lib64|opt|root|run|sbin|usr|usr\/(bin|lib|sbin)|var)?$/;
const KERNEL = /^\/(dev|proc|sys)(\/|$)/;

/** @returns why no empty volume can be mounted at this directory; undefined when one can */
export function directoryProblem(directory: string): string | undefined {
  if (KERNEL.test(directory)) return `${directory} is the kernel's`;
  if (!HIDES_THE_IMAGE.test(directory)) return undefined;
  return `a volume at ${directory} would hide what the image has there: let the application write its logs into a directory of their own`;
}

/** Whether `path` is `directory` or below it; both normal. */
export function isWithin(path: string, directory: string): boolean {
  return directory === '/' || path === directory || path.startsWith(`${directory}/`);
}

export function quoted(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
