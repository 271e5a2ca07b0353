import { checkConfigFiles } from '@vigie/core/config/bad-config';
import type { ExitCode } from '@vigie/core/lifecycle';
import { loadShipConfig } from './config.ts';

/** `vigie check sidecar FILE...`: sidecar.yaml, every problem with its position.
 *  @returns 2 where a file has problems */
export function checkShipConfig(files: readonly string[]): Promise<ExitCode> {
  return checkConfigFiles(files, (file) => loadShipConfig(file, process.env, { listen: undefined, files: undefined }));
}
