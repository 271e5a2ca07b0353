import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { systemClock } from '@vigie/core/clock';
import { reportBadConfig } from '@vigie/core/config/bad-config';
import type { HostPort } from '@vigie/core/host-port';
import { type ExitCode, runComponent } from '@vigie/core/lifecycle';
import { createSinkRuntime } from '@vigie/log-pipeline/agent/sinks';
import { createTransform } from '@vigie/log-pipeline/agent/transforms';
import { compileKernel } from '@vigie/log-pipeline/kernel/load';
import { OwnLines } from '../stream/own-lines.ts';
import { createQuietLog } from '../stream/quiet-log.ts';
import type { ShipConfig } from './config.ts';
import { ShipService } from './service.ts';
import { createShipMetrics } from './telemetry.ts';

export interface SidecarShipOptions {
  readonly configFile: string;
  /** Patterns for sources of files that name none, relative to the working directory. */
  readonly files: readonly string[];
  /** In place of the configured one. */
  readonly listen: HostPort | undefined;
  readonly once: boolean;
  /** With `once`: how long a sink may be down. */
  readonly onceTimeoutMs: number;
  readonly version: string;
  /** Path of kernel.wasm. */
  readonly kernelPath: string;
}

const STDERR = 2;

/** `vigie sidecar ship`: runs until SIGTERM, or until the application has ended, or with `once` until all is delivered. */
export async function runSidecarShip(options: SidecarShipOptions): Promise<ExitCode> {
  const { configFile, listen, once, onceTimeoutMs, version, kernelPath } = options;
  const files = options.files.map((path) => resolve(path));
  const readConfig = async (): Promise<ShipConfig> => {
    const { loadShipConfig } = await import('./config.ts');
    return loadShipConfig(configFile, process.env, { listen, files });
  };
  let config: ShipConfig;
  try {
    config = await readConfig();
  } catch (error) {
    return reportBadConfig(error);
  }
  const { env } = process;
  const clock = systemClock;
  const random = Math.random;
  const ownLines = new OwnLines(STDERR);
  const log = createQuietLog(config.log_level, clock, (line) => ownLines.write(line));
  const service = new ShipService(
    config,
    {
      clock,
      random,
      log,
      env,
      version,
      readConfig,
      ownLines,
      metrics: createShipMetrics(),
      print: (line) => ownLines.write(`${line}\n`),
      kernel: compileKernel(readFileSync(kernelPath)),
      createTransform,
      createSink: (name, section) => createSinkRuntime(name, section, { clock, random, env, version, log }),
    },
    { once: once ? { sinkTimeoutMs: onceTimeoutMs } : undefined },
  );
  return runComponent(service, { graceMs: config.shutdown_grace, log, clock, process });
}
