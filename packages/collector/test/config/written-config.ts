/** Configurations that a test writes down, loaded from a folder of their own. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type LoadedCollectorConfig, loadCollectorConfig } from '../../src/config/load-config.ts';
import { tempFolder } from '../temp-folder.ts';

const environment = { REGION: 'eu', PASSWORD: 'p$w' };

/** @param files by name, beside the configuration */
export async function load(
  yaml: string,
  files: Readonly<Record<string, string>> = {},
  variables: Readonly<Record<string, string>> = environment,
): Promise<LoadedCollectorConfig> {
  const folder = await tempFolder();
  for (const [name, text] of Object.entries({ ...files, 'prometheus.yml': yaml })) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return loadCollectorConfig(join(folder, 'prometheus.yml'), variables);
}

/** Without the folder in front of each file. */
export async function problemsOf(
  yaml: string,
  files: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const outcome = await load(yaml, files).then(
    () => 'accepted',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  return outcome.split('\n').map((line) => line.replaceAll(/\/\S*\//g, ''));
}

/** A job with these lines, below `scrape_configs`. */
export function job(...lines: readonly string[]): string {
  return ['scrape_configs:', '  - job_name: a', ...lines.map((line) => `    ${line}`)].join('\n');
}
