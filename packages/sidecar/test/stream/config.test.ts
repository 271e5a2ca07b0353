import { parseConfig } from '@vigie/core/config/load';
import { describe, expect, it } from 'vitest';
import { streamOptions, streamSchema } from '../../src/stream/config.ts';
import { STREAM_DEFAULTS, type StreamOptions } from '../../src/stream/settings.ts';

const parse = (text: string): Partial<StreamOptions> =>
  streamOptions(parseConfig(text, 'sidecar.yaml', streamSchema, {}).value);

describe('the file of vigie sidecar stream', () => {
  it('says by default what the command line says by default', () => {
    const { listen, ...others } = STREAM_DEFAULTS;
    expect(parse('')).toEqual(others);
    expect(listen).toBeDefined();
  });

  it('has every option', () => {
    expect(
      parse(`
files: [/var/log/app/*.log]
stderr: [/var/log/app/error.log]
exclude: [/var/log/app/debug.log]
prefix: json
data_dir: /var/log/app/.state
listen: "off"
read_from: end
max_line_bytes: 64KiB
max_open_files: 7
deleted_bytes_limit: 1Mi
rotate: 50Mi
keep: 2
rotate_mode: nocreate
rotate_signal: USR1
rotate_signal_to: nginx
reconcile_interval: 1s
checkpoint_interval: 100ms
shutdown_grace: 1m
drain_quiet: 0
until: /var/log/app/done
until_exit: java
log_level: debug
`),
    ).toEqual({
      files: ['/var/log/app/*.log'],
      stderr: ['/var/log/app/error.log'],
      exclude: ['/var/log/app/debug.log'],
      prefix: 'json',
      dataDir: '/var/log/app/.state',
      listen: undefined,
      readFrom: 'end',
      maxLineBytes: 65_536,
      maxOpenFiles: 7,
      deletedBytesLimit: 1_048_576,
      rotateBytes: 52_428_800,
      keep: 2,
      rotateMode: 'nocreate',
      rotateSignal: 'USR1',
      rotateSignalTo: 'nginx',
      reconcileIntervalMs: 1000,
      checkpointIntervalMs: 100,
      shutdownGraceMs: 60_000,
      drainQuietMs: 0,
      until: '/var/log/app/done',
      untilExit: 'java',
      logLevel: 'debug',
    });
  });

  it('takes an address with certificates', () => {
    const text = 'listen: { address: "0.0.0.0:9881", tls: { cert_file: c, key_file: k } }';
    expect(parse(text).listen).toMatchObject({ address: { port: 9881 }, tls: { certFile: 'c', keyFile: 'k' } });
  });

  it('names every problem with its place', () => {
    expect(() => parse('prefix: loud\nmax_line_bytes: 1\nfile: a\n')).toThrow(
      /sidecar\.yaml:1:9: prefix: expected .*\nsidecar\.yaml:2:17: max_line_bytes: expected .*\nsidecar\.yaml:3:1: file: expected one of the keys/,
    );
  });
});
