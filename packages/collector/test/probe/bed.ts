/** Probes by the modules of a blackbox.yml, against servers of the test. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@vigie/core/clock';
import { systemClock } from '@vigie/core/clock';
import { loadCollectorConfig } from '../../src/config/load-config.ts';
import type { Lookup } from '../../src/probe/probe-address.ts';
import { Probes } from '../../src/probe/probes.ts';
import { tempFolder } from '../temp-folder.ts';

export interface ProbeOutcome {
  readonly isSuccess: boolean;
  /** Values by name and labels, as the page has them. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly log: string;
}

export interface ProbeBed {
  readonly probes: Probes;
  probe(target: string, module?: string): Promise<ProbeOutcome>;
}

export interface BedOptions {
  readonly clock?: Clock;
  /** Names beside `localhost`, of 127.0.0.1. */
  readonly names?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly maxConcurrent?: number;
}

/** @param modules YAML below `modules` */
export async function probeBed(
  modules: string,
  { clock = systemClock, names = [], env = {}, maxConcurrent = 100 }: BedOptions = {},
): Promise<ProbeBed> {
  const folder = await tempFolder();
  await writeFile(join(folder, 'blackbox.yml'), `modules:\n${modules.replaceAll(/^/gm, '  ')}\n`);
  await writeFile(join(folder, 'collector.yaml'), `probes: { file: blackbox.yml, max_concurrent: ${maxConcurrent} }`);
  const { config } = await loadCollectorConfig(join(folder, 'collector.yaml'), {});
  const lookup: Lookup = async (host) => {
    if (host === '127.0.0.1' || host === 'localhost' || names.includes(host))
      return [{ address: '127.0.0.1', family: 4 }];
    throw new Error(`getaddrinfo ENOTFOUND ${host}`);
  };
  const probes = new Probes(config.probes, {
    clock,
    lookup,
    env,
    userAgent: 'vigie/1.2.3',
    readFile: (path) => readFile(path),
    observe: () => undefined,
  });
  return {
    probes,
    probe: async (target, module = 'it') => {
      const request = { target, module, hostname: '', scrapeTimeoutMs: undefined };
      const { isSuccess, text, log } = await probes.probe(request, new AbortController().signal);
      return { isSuccess, metrics: valuesOf(text), log };
    },
  };
}

export function valuesOf(text: string): Readonly<Record<string, number>> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}
