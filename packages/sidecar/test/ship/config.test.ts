import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadShipConfig, type ShipArguments, type ShipConfig } from '../../src/ship/config.ts';

const NOTHING: ShipArguments = { listen: undefined, files: undefined };
const SINK = 'sinks:\n  out: { type: console, inputs: [a] }\n';

function load(text: string, given: ShipArguments = NOTHING): Promise<ShipConfig> {
  const folder = mkdtempSync(join(tmpdir(), 'vigie-ship-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'sidecar.yaml'), text);
  return loadShipConfig(join(folder, 'sidecar.yaml'), {}, given);
}

describe('sidecar.yaml', () => {
  it('needs a source and a sink, and is for a pod by default', async () => {
    const config = await load(`sources:\n  a: { type: file, paths: [/var/log/app/*.log] }\n${SINK}`);
    expect(config).toMatchObject({
      data_dir: '/var/lib/vigie-sidecar',
      listen: { address: { host: '127.0.0.1', port: 9881 } },
      shutdown_grace: 25_000,
      drain_quiet: 1_000,
      sources: { a: { max_open_files: 128, deleted_bytes_limit: 64 * 1024 * 1024 } },
    });
  });

  it.each([
    'kubernetes_logs',
    'journald',
    'kubernetes_events',
  ])('refuses a source %s, which is for a node', async (type) => {
    await expect(load(`sources:\n  a: { type: ${type} }\n${SINK}`)).rejects.toThrow(
      `sources.a.type: expected "file", "otlp" or "loki_push": the logs of containers, the journal and the events of the cluster are for the node agent, got "${type}"`,
    );
  });

  it('takes the files of the command line where a source names none', async () => {
    const text = `sources:\n  a: { type: file }\n  b: { type: file, paths: [/b/*] }\n${SINK.replace('[a]', '[a, b]')}`;
    const { sources } = await load(text, { listen: { host: '', port: 1 }, files: ['/a/*'] });
    expect(sources).toMatchObject({ a: { paths: ['/a/*'] }, b: { paths: ['/b/*'] } });
    await expect(load(text, { ...NOTHING, files: [] })).rejects.toThrow(
      'sources.a: expected paths, or files on the command line',
    );
    await expect(load(text)).resolves.toBeDefined();
  });

  it('listens where the command line says', async () => {
    const given = { ...NOTHING, listen: { host: '', port: 7 } };
    const { listen } = await load(`sources:\n  a: { type: otlp }\n${SINK}`, given);
    expect(listen.address).toEqual({ host: '', port: 7 });
  });

  it('is told what is wrong with how its parts go together', async () => {
    const source = 'sources:\n  a: { type: otlp }\n';
    await expect(load(source + SINK.replace('[a]', '[b]'))).rejects.toThrow('sinks.out.inputs[0]: expected the name');
    const buffer = `sinks:\n  out: { type: http, inputs: [a], url: "http://x/", buffer: { type: disk, max_size: 1MiB } }\n`;
    await expect(load(source + buffer)).rejects.toThrow('sinks.out.buffer.max_size: expected');
  });
});
