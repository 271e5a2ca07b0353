/** A program of a test, as a file that Node runs: Node 20 runs no TypeScript. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { folderWith } from './folder.ts';

/** @returns its path; the file goes with the test */
export async function bundledProgram(source: URL): Promise<string> {
  const outfile = join(await folderWith(), 'program.mjs');
  const banner = { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" };
  await build({
    entryPoints: [fileURLToPath(source)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner,
  });
  return outfile;
}
