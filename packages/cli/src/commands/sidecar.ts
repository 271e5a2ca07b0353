import { join } from 'node:path';
import type { RunCommand } from '../command.ts';

/** `vigie sidecar` */
export const run: RunCommand = async (args, context) => {
  // The parser is a chunk that is let go before a sidecar runs: one is paid for once per pod.
  const { parseSidecarCommand } = await import('../sidecar/command-line.ts');
  const sidecar = await parseSidecarCommand(args, context);
  if (typeof sidecar === 'number') return sidecar;
  const world = { version: context.version, kernelPath: join(context.distDir, 'kernel.wasm') };
  if (sidecar.runs === 'ship') {
    const { runSidecarShip } = await import('@vigie/sidecar/ship/run');
    return runSidecarShip({ ...sidecar.asked, ...world });
  }
  const { runSidecarStream } = await import('@vigie/sidecar/stream/run');
  return runSidecarStream({ ...sidecar.asked, ...world });
};
