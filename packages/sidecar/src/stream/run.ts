import { readFileSync } from 'node:fs';
import { systemClock } from '@vigie/core/clock';
import { type ExitCode, runComponent } from '@vigie/core/lifecycle';
import { compileKernel } from '@vigie/log-pipeline/kernel/load';
import { OwnLines } from './own-lines.ts';
import { createQuietLog } from './quiet-log.ts';
import { StreamService } from './service.ts';
import { type StreamOptions, type StreamSettings, streamSettings } from './settings.ts';

export interface SidecarStreamOptions {
  readonly given: Partial<StreamOptions>;
  readonly configFile: string | undefined;
  readonly version: string;
  /** Path of kernel.wasm. */
  readonly kernelPath: string;
}

const STDERR = 2;

/** `vigie sidecar stream`: runs until SIGTERM, or until the application has ended.
 *  @throws {VigieError} CONFIG_… for bad usage and configuration */
export async function runSidecarStream(options: SidecarStreamOptions): Promise<ExitCode> {
  const { given, configFile, version, kernelPath } = options;
  const readSettings = async (): Promise<StreamSettings> => {
    if (configFile === undefined) return streamSettings([given], process.cwd());
    const { loadStreamConfig } = await import('./config.ts');
    return streamSettings([given, await loadStreamConfig(configFile, process.env)], process.cwd());
  };
  const settings = await readSettings();
  const clock = systemClock;
  const ownLines = new OwnLines(STDERR);
  const log = createQuietLog(settings.logLevel, clock, (line) => ownLines.write(line));
  const service = new StreamService(settings, {
    clock,
    log,
    ownLines,
    wasm: compileKernel(readFileSync(kernelPath)),
    version,
    readSettings,
  });
  const code = await runComponent(service, { graceMs: settings.shutdownGraceMs, log, clock, process });
  await Promise.race([ownLines.flushed(), clock.sleep(LAST_WORDS_MS)]);
  return code;
}

/** For what is said while it closes, where stderr takes the lines of files too. */
const LAST_WORDS_MS = 500;
