// Writes the files that are made from code (scripts/generated-files.ts).
// Plain JavaScript that bundles the TypeScript first, because Node 20 does not strip types.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = mkdtempSync(join(tmpdir(), 'vigie-generate-'));
try {
  const outfile = join(folder, 'generated-files.cjs');
  await build({
    entryPoints: [join(root, 'scripts/generated-files.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    define: { 'import.meta.url': JSON.stringify(new URL('./generated-files.ts', import.meta.url).href) },
    logLevel: 'warning',
  });
  const { generatedFiles } = createRequire(import.meta.url)(outfile);
  for (const [path, content] of generatedFiles()) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
    console.log(path);
  }
} finally {
  rmSync(folder, { recursive: true });
}
