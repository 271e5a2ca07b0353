// Builds what runs: the WebAssembly kernel, then one CommonJS bundle per command.
// Plain JavaScript, because `npm ci` runs it on every supported Node, and Node 20 does not strip types.
// CommonJS, because the ESM facades of node:http cost 13 MB of resident memory (docs/decisions/0001).
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const startedAt = performance.now();
const kernelWasm = join(root, 'packages/log-pipeline/dist/kernel.wasm');
const cliDist = join(root, 'packages/cli/dist');
/** What `vigie up` evaluates where it is not told otherwise. */
const ownRules = join(root, 'deploy/alerting/rules/vigie.yaml');

/** The end of a chunk: what `require` remembers of it goes, so that it can be collected once nobody uses it. */
const FORGET_MODULE =
  'delete require.cache[module.id];module.parent.children.splice(module.parent.children.indexOf(module),1);';

await buildKernel();
await buildCommands();
console.error(`built in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);

/** Compiles the AssemblyScript kernel, unless the compiled one is newer than every source of it and than this script. */
async function buildKernel() {
  const sourceDir = join(root, 'packages/log-pipeline/src/kernel/assembly');
  const source = join(sourceDir, 'kernel.ts');
  if (!existsSync(source)) return;
  const layout = join(sourceDir, '../layout.ts'); // the constants that both halves of the kernel compile
  const inputs = [
    ...readdirSync(sourceDir).map((name) => join(sourceDir, name)),
    layout,
    fileURLToPath(import.meta.url),
  ];
  if (existsSync(kernelWasm) && inputs.every((path) => statSync(path).mtimeMs < statSync(kernelWasm).mtimeMs)) return;
  mkdirSync(dirname(kernelWasm), { recursive: true });
  const { default: asc } = await import('assemblyscript/asc');
  // The memory is imported, and sized by the caller: one module serves every size, and nothing grows it.
  const flags = [
    '-O3',
    '--noAssert',
    '--runtime',
    'stub',
    '--enable',
    'simd',
    '--enable',
    'bulk-memory',
    '--importMemory',
  ];
  const path = (file) => relative(root, file);
  const { error, stderr } = await asc.main([path(source), '--baseDir', root, '--outFile', path(kernelWasm), ...flags]);
  if (error !== null) throw new Error(`kernel does not compile: ${stderr.toString()}`);
}

/** Bundles main.ts as vigie.cjs, and whatever it reaches by `import()` as files of their own: a command costs the
 *  memory of what it runs. Code that two files share is in both, so errors are told by code, not by instanceof.
 *  Only the caller of `import()` holds what it loads; the next one loads it again. */
async function buildCommands() {
  const main = join(root, 'packages/cli/src/main.ts');
  if (!existsSync(main)) return;
  const files = new Map([[main, 'vigie.cjs']]);
  // A Map iterates over what is added meanwhile, so this ends when no file leads to a new one.
  for (const [source, output] of files) await bundle(source, output, files);
  if (existsSync(kernelWasm)) cpSync(kernelWasm, join(cliDist, 'kernel.wasm'));
  if (existsSync(ownRules)) cpSync(ownRules, join(cliDist, 'vigie-rules.yaml'));
  // Only what no longer exists is deleted, and last: a vigie that is running may still have a file to load.
  const kept = new Set(['kernel.wasm', 'vigie-rules.yaml', ...files.values()]);
  for (const file of readdirSync(cliDist, { recursive: true, withFileTypes: true })) {
    const path = join(file.parentPath, file.name);
    if (file.isFile() && !kept.has(relative(cliDist, path))) rmSync(path);
  }
}

/** @param files from source path to path below dist/, of every file known so far; `import()` targets are added. */
async function bundle(source, output, files) {
  const lazyFiles = {
    name: 'lazy-files',
    setup({ onResolve, resolve }) {
      onResolve({ filter: /./ }, async ({ kind, path, importer, resolveDir }) => {
        if (kind !== 'dynamic-import' || importer.includes('node_modules') || path.startsWith('node:')) return;
        const target = await resolve(path, { kind: 'import-statement', importer, resolveDir });
        if (target.errors.length > 0 || target.external) return target;
        if (!files.has(target.path)) files.set(target.path, outputOf(target.path));
        const specifier = relative(dirname(output), files.get(target.path));
        return { path: specifier.startsWith('.') ? specifier : `./${specifier}`, external: true };
      });
    },
  };
  await build({
    entryPoints: [source],
    outfile: join(cliDist, output),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    supported: { 'dynamic-import': false }, // becomes require(): the ESM loader stays unloaded
    // A path is as good as a URL to createRequire, which is what libraries want it for.
    define: { 'import.meta.url': '__filename' },
    // Identifiers stay as they are, for stack traces; keepNames would cost 2.6 MB of property tables (docs/decisions/0012).
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    footer: output.startsWith('chunks/') ? { js: FORGET_MODULE } : {},
    logLevel: 'warning',
    plugins: [lazyFiles],
  });
}

/** commands/NAME.cjs for a command, chunks/PACKAGE-FOLDER-NAME.cjs for the rest. */
function outputOf(source) {
  const [, name, , ...rest] = relative(root, source).split(sep);
  const path = rest.join('/').replace(/\.ts$/, '');
  return name === 'cli' && path.startsWith('commands/')
    ? `${path}.cjs`
    : `chunks/${[name, ...path.split('/')].join('-')}.cjs`;
}
