/** `vigie sidecar inject`: what the webhook would do, on a manifest. */
import { readFile } from 'node:fs/promises';
import { VigieError } from '@vigie/core/errors';
import type { ExitCode } from '@vigie/core/lifecycle';
import { injectManifests } from './manifest.ts';
import { defaultSettings, type InjectionSettings } from './settings.ts';

export interface InjectOptions {
  /** `-` reads stdin. */
  readonly file: string;
  /** The patched manifests, or a JSON Patch a line for each. */
  readonly output: 'yaml' | 'patch';
  /** The webhook's configuration, whose `injection` section then counts. */
  readonly configFile?: string | undefined;
  readonly version: string;
}

/** @returns 0; 2 where the text is no manifest, or a pod asks for a sidecar that it cannot have
 *  @throws {ConfigError}; {VigieError} CONFIG_UNREADABLE */
export async function runInject({ file, output, configFile, version }: InjectOptions): Promise<ExitCode> {
  const settings = await settingsFrom(configFile, version);
  const { text, patches, warnings, refused } = injectManifests(await readManifest(file), shownName(file), settings);
  process.stdout.write(output === 'yaml' ? text : patches.map((patch) => `${JSON.stringify(patch)}\n`).join(''));
  for (const warning of warnings) process.stderr.write(`${shownName(file)}: ${warning}\n`);
  return refused > 0 ? 2 : 0;
}

async function settingsFrom(configFile: string | undefined, version: string): Promise<InjectionSettings> {
  if (configFile === undefined) return defaultSettings(version);
  const { injectionSettings, loadWebhookConfig } = await import('../webhook/config.ts');
  return injectionSettings(await loadWebhookConfig(configFile, process.env, undefined), version);
}

async function readManifest(file: string): Promise<string> {
  try {
    return file === '-' ? await readStdin() : await readFile(file, 'utf8');
  } catch (error) {
    throw new VigieError('CONFIG_UNREADABLE', `cannot read ${shownName(file)}`, { cause: error });
  }
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

function shownName(file: string): string {
  return file === '-' ? 'stdin' : file;
}
