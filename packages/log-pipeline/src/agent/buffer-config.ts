import { resolve } from 'node:path';
import type { ConfigPath } from '@vigie/core/config/problem';
import { type BufferConfig, LEAST_BATCHES } from '../buffer/section.ts';

interface BufferedSinks {
  readonly sinks: Readonly<
    Record<string, { readonly batch: { readonly max_bytes: number }; readonly buffer?: BufferConfig | undefined }>
  >;
}

/** What is wrong with disk buffers that their own sections do not show. */
export function bufferProblems({ sinks }: BufferedSinks): { readonly path: ConfigPath; readonly expected: string }[] {
  const problems: { readonly path: ConfigPath; readonly expected: string }[] = [];
  const folders = new Set<string>();
  for (const [name, { batch, buffer }] of Object.entries(sinks)) {
    if (buffer === undefined) continue;
    if (buffer.max_size < LEAST_BATCHES * batch.max_bytes) {
      const expected = `${LEAST_BATCHES} times batch.max_bytes at least, which is ${LEAST_BATCHES * batch.max_bytes}`;
      problems.push({ path: ['sinks', name, 'buffer', 'max_size'], expected });
    }
    if (buffer.path === undefined) continue;
    const folder = resolve(buffer.path);
    if (folders.has(folder)) {
      problems.push({ path: ['sinks', name, 'buffer', 'path'], expected: 'a folder that no other sink has' });
    }
    folders.add(folder);
  }
  return problems;
}
