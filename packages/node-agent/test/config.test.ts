import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadAgentConfig } from '../src/config.ts';
import { tailedSources } from '../src/source-config.ts';

const folder = mkdtempSync(join(tmpdir(), 'vigie-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function problems(yaml: string): Promise<string[]> {
  const file = join(folder, 'agent.yaml');
  writeFileSync(file, yaml);
  return loadAgentConfig(file, {}, undefined).then(
    () => [],
    (error: unknown) => (error instanceof Error ? error.message.replaceAll(`${folder}/`, '').split('\n') : []),
  );
}

const testdata = join(import.meta.dirname, '../testdata/config');

describe('loadAgentConfig', () => {
  it('reads the example of the design', async () => {
    const config = await loadAgentConfig(join(testdata, 'design.good.yaml'), {}, undefined);
    expect(tailedSources(config.sources).pods?.max_line_bytes).toBe(1_048_576);
    expect(config.transforms.json).toMatchObject({ type: 'parse_json', target: '', on_error: 'keep' });
    expect(config.sinks.es).toMatchObject({ type: 'elasticsearch', inputs: ['json'] });
    expect(config.listen).toMatchObject({ address: { host: '127.0.0.1', port: 9880 } });
  });

  it('lets the command line choose where to listen', async () => {
    const config = await loadAgentConfig(join(testdata, 'design.good.yaml'), {}, '127.0.0.1:0');
    expect(config.listen.address.port).toBe(0);
    await expect(loadAgentConfig(join(testdata, 'design.good.yaml'), {}, 'nowhere')).rejects.toThrow('HOST:PORT');
  });

  const bad = readdirSync(testdata).filter((name) => name.endsWith('.bad.yaml'));
  it.each(bad)('%s', async (name) => {
    const yaml = readFileSync(join(testdata, name), 'utf8');
    const expected = yaml.split('\n').flatMap((line) => (line.startsWith('# ') ? [line.slice(2)] : []));
    expect(await problems(yaml)).toEqual(expected);
  });
});
