/** The package graph of docs/architecture.md, held against what the packages declare and what their sources import. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** From docs/architecture.md; a package that does not exist yet has its row already. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  core: [],
  wire: ['core'],
  kube: ['core'],
  'log-pipeline': ['core', 'wire'],
  'log-store': ['core', 'wire', 'log-pipeline'],
  promql: ['core'],
  tsdb: ['core', 'wire', 'promql'],
  rules: ['core', 'promql'],
  'node-agent': ['core', 'kube', 'log-pipeline'],
  sidecar: ['core', 'kube', 'log-pipeline'],
  collector: ['core', 'wire', 'kube', 'promql', 'tsdb', 'rules'],
  alerting: ['core', 'wire', 'kube', 'promql', 'rules'],
  console: [],
};
const ALL = [...Object.keys(ALLOWED), 'cli'];
const allowedFor = (name: string): readonly string[] =>
  name === 'cli' ? ALL.filter((other) => other !== name) : (ALLOWED[name] ?? []);

interface Manifest {
  readonly dependencies: readonly string[];
  readonly exports: readonly string[];
}

const packages = readdirSync(join(root, 'packages')).filter((name) =>
  existsSync(join(root, 'packages', name, 'package.json')),
);

function manifestOf(name: string): Manifest {
  const json: unknown = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'));
  const keysOf = (key: string): readonly string[] => {
    const value: unknown = typeof json === 'object' && json !== null && key in json ? Reflect.get(json, key) : {};
    return Object.keys(value ?? {});
  };
  return { dependencies: [...keysOf('dependencies'), ...keysOf('devDependencies')], exports: keysOf('exports') };
}

/** Every TypeScript file of the package's sources or tests; AssemblyScript is another language with the same ending. */
function filesOf(name: string, folder: 'src' | 'test'): readonly string[] {
  return typeScriptBelow(join(root, 'packages', name, folder));
}

function typeScriptBelow(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes(`${sep}assembly${sep}`) && !file.includes('node_modules'))
    .map((file) => join(path, file));
}

/** What the file imports or re-exports, types and `import()` included. */
function importsOf(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8');
  const statements = text.matchAll(/^(?:import|export|\})(?:[^'"\n;]*? from)? ['"]([^'"]+)['"]/gm);
  const expressions = text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g);
  return [...statements, ...expressions].map(([, specifier = '']) => specifier);
}

/** `log-pipeline` of `@vigie/log-pipeline/sinks/sink`. */
function vigiePackage(specifier: string): string | undefined {
  return /^@vigie\/([^/]+)/.exec(specifier)?.[1];
}

const show = (file: string): string => relative(root, file);

describe('package graph', () => {
  it('has a row for every package', () => {
    expect(packages.filter((name) => !ALL.includes(name))).toEqual([]);
    expect(packages).toContain('core');
  });

  it('is the one of docs/architecture.md', () => {
    const page = readFileSync(join(root, 'docs/architecture.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `([a-z-]+)` \| ([^|]*) \|/gm)].map(([, name = '', edges = '']) => [
      name,
      [...edges.matchAll(/`([a-z-]+)`/g)].map(([, edge]) => edge),
    ]);
    expect(Object.fromEntries(rows)).toEqual({ ...ALLOWED, cli: [] });
    expect(page).toMatch(/^\| `cli` \| all \|/m);
  });

  it('has no edge that is not allowed, declared or imported', () => {
    const illegal: string[] = [];
    for (const name of packages) {
      const allowed = allowedFor(name);
      for (const dependency of manifestOf(name).dependencies) {
        const target = vigiePackage(dependency);
        if (target !== undefined && !allowed.includes(target)) illegal.push(`${name} declares ${dependency}`);
      }
      for (const file of filesOf(name, 'src')) {
        for (const specifier of importsOf(file)) {
          const target = vigiePackage(specifier);
          if (target !== undefined && target !== name && !allowed.includes(target))
            illegal.push(`${show(file)}: ${specifier}`);
        }
      }
    }
    expect(illegal).toEqual([]);
  });

  it('is declared: what a source imports stands in the dependencies of its package', () => {
    const undeclared: string[] = [];
    for (const name of packages) {
      const { dependencies } = manifestOf(name);
      for (const file of filesOf(name, 'src')) {
        for (const specifier of importsOf(file)) {
          if (specifier.startsWith('.') || specifier.startsWith('node:')) continue;
          const dependency = specifier
            .split('/')
            .slice(0, specifier.startsWith('@') ? 2 : 1)
            .join('/');
          if (dependency !== `@vigie/${name}` && !dependencies.includes(dependency))
            undeclared.push(`${show(file)}: ${specifier}`);
        }
      }
    }
    expect(undeclared).toEqual([]);
  });

  it('goes through exported subpaths: no relative path leaves a package', () => {
    const wrong: string[] = [];
    for (const name of packages) {
      const home = join(root, 'packages', name);
      for (const file of [...filesOf(name, 'src'), ...filesOf(name, 'test')]) {
        for (const specifier of importsOf(file)) {
          const leaves = specifier.startsWith('.') && !resolve(dirname(file), specifier).startsWith(`${home}${sep}`);
          if (leaves || /^@vigie\/[^/]+$/.test(specifier)) wrong.push(`${show(file)}: ${specifier}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('exports what others import, one subpath at a time, and nothing else', () => {
    const outside = ['bench', 'dashboards', 'scripts', 'test'].flatMap((folder) => typeScriptBelow(join(root, folder)));
    const wrong: string[] = [];
    for (const name of packages) {
      const others = packages.filter((other) => other !== name);
      const users = [...others.flatMap((other) => [...filesOf(other, 'src'), ...filesOf(other, 'test')]), ...outside];
      const used = new Set(users.flatMap(importsOf));
      for (const subpath of manifestOf(name).exports) {
        if (!used.has(join('@vigie', name, subpath))) wrong.push(`packages/${name}/package.json exports ${subpath}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('files', () => {
  const sources = packages.flatMap((name) => filesOf(name, 'src'));

  it('are named for what they are, in kebab-case', () => {
    const vague = /^(utils?|helpers?|managers?|common|misc|index|types)$/;
    const names = sources.flatMap((file) =>
      relative(join(root, 'packages'), file)
        .replace(/(\.d)?\.ts$/, '')
        .split(sep),
    );
    expect(names.filter((name) => vague.test(name))).toEqual([]);
    expect(sources.filter((file) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.d)?\.ts$/.test(basename(file))).map(show)).toEqual([]);
  });

  it('re-export nothing', () => {
    const barrels = sources.filter((file) => /^export (\*|\{[^}]*\}) from/m.test(readFileSync(file, 'utf8')));
    expect(barrels.map(show)).toEqual([]);
  });
});
