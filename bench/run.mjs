#!/usr/bin/env node
// Runs one named benchmark: bench/NAME/bench.ts exports `run(context)`. The TypeScript is bundled on the fly, so that
// plain node (20 or 24) runs it; every `*.process.ts` beside it or in harness/ becomes a program that it can start.
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const benchDir = fileURLToPath(new URL('.', import.meta.url));
const names = readdirSync(benchDir).filter((name) => existsSync(join(benchDir, name, 'bench.ts')));
const [name, ...args] = process.argv.slice(2);

if (name === undefined || !names.includes(name)) {
  console.error(`usage: npm run bench -- NAME [options]    NAME is one of: ${names.join(', ')}`);
  process.exit(2);
}

const bundleDir = mkdtempSync(join(tmpdir(), 'vigie-bench-'));
process.once('exit', () => rmSync(bundleDir, { recursive: true, force: true }));

const programs = ['harness', name].flatMap((folder) =>
  readdirSync(join(benchDir, folder))
    .filter((file) => file.endsWith('.process.ts'))
    .map((file) => join(benchDir, folder, file)),
);
await build({
  entryPoints: [join(benchDir, name, 'bench.ts'), ...programs],
  outdir: bundleDir,
  entryNames: '[name]',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  loader: { '.wasm': 'binary' },
  // CommonJS packages in an ESM bundle still call require for node's own modules.
  banner: {
    js: "import { createRequire as benchRequire } from 'node:module'; const require = benchRequire(import.meta.url);",
  },
  logLevel: 'warning',
});

const { run } = await import(pathToFileURL(join(bundleDir, 'bench.mjs')).href);
try {
  await run({
    args,
    rootDir: join(benchDir, '..'),
    program: (program) => join(bundleDir, `${basename(program, '.ts')}.mjs`),
  });
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
