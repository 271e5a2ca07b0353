import type { ExitCode } from '@vigie/core/lifecycle';
import { reportBadConfig } from './bad-config.ts';
import { loadShipConfig } from './config.ts';

/** `vigie check sidecar FILE...`: sidecar.yaml, every problem with its position.
 *  @returns 2 where a file has problems */
export async function checkShipConfig(files: readonly string[]): Promise<ExitCode> {
  let worst: ExitCode = 0;
  for (const file of files) {
    try {
      await loadShipConfig(file, process.env, { listen: undefined, files: undefined });
      process.stdout.write(`${file}: ok\n`);
    } catch (error) {
      worst = reportBadConfig(error);
    }
  }
  return worst;
}
