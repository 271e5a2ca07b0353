import { join } from 'node:path';
import type { RunCommand } from '../command.ts';

/** `vigie sidecar` */
export const run: RunCommand = async (args, context) => {
  // The parser is a chunk that is let go before `stream` runs: a sidecar is paid for once per pod.
  const { parseSidecarCommand } = await import('../sidecar/command-line.ts');
  const asked = await parseSidecarCommand(args, context);
  if (typeof asked === 'number') return asked;
  const { runSidecarStream } = await import('@vigie/sidecar/stream/run');
  const { version, distDir } = context;
  return runSidecarStream({ ...asked, version, kernelPath: join(distDir, 'kernel.wasm') });
};
