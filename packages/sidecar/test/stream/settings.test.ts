import { describe, expect, it } from 'vitest';
import { STREAM_DEFAULTS, streamSettings } from '../../src/stream/settings.ts';

describe('streamSettings', () => {
  it('takes the command line before the file, and the file before the defaults', () => {
    const settings = streamSettings(
      [
        { files: ['/a'], prefix: 'json' },
        { files: ['/b'], prefix: 'name', readFrom: 'end' },
      ],
      '/',
    );
    expect(settings).toMatchObject({ files: ['/a'], prefix: 'json', readFrom: 'end', maxLineBytes: 1024 * 1024 });
  });

  it('lets the command line close the port that the file opens', () => {
    const file = { files: ['/a'], listen: STREAM_DEFAULTS.listen };
    expect(streamSettings([{ listen: undefined }, file], '/').listen).toBe(undefined);
    expect(streamSettings([{}, file], '/')).toMatchObject({ listen: STREAM_DEFAULTS.listen, listenIsDefault: false });
    expect(streamSettings([{ files: ['/a'] }], '/').listenIsDefault).toBe(true);
  });

  it('takes relative paths to be of the folder', () => {
    const given = { files: ['a.log'], stderr: ['../e.log'], exclude: ['b'], until: 'done', dataDir: 'data' };
    expect(streamSettings([given], '/var/app')).toMatchObject({
      files: ['/var/app/a.log'],
      stderr: ['/var/e.log'],
      exclude: ['/var/app/b'],
      until: '/var/app/done',
      dataDir: '/var/app/data',
    });
  });

  it('keeps the checkpoint beside the files: one place for the same patterns, another for others', () => {
    const dataDir = (...files: string[]): string => streamSettings([{ files }], '/').dataDir;
    expect(dataDir('/var/log/app/*.log')).toMatch(/^\/var\/log\/app\/\.vigie\/[0-9a-f]{8}$/);
    expect(dataDir('/var/log/{a,b}/x/*.log')).toMatch(/^\/var\/log\/\.vigie\//);
    expect(dataDir('/v/a.log', '/v/b.log')).toBe(dataDir('/v/a.log', '/v/b.log'));
    expect(dataDir('/v/a.log')).not.toBe(dataDir('/v/b.log'));
  });

  it('refuses to follow nothing', () => {
    expect(() => streamSettings([{ exclude: ['/a'] }], '/')).toThrow(/nothing to follow/);
    expect(() => streamSettings([{ stderr: ['/a'] }], '/')).not.toThrow();
  });
});
