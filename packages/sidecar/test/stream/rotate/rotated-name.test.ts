import { parseRotatedName } from '@vigie/log-pipeline/tail/rotated-name';
import { describe, expect, it } from 'vitest';
import { nextStamped, parseStamped } from '../../../src/stream/rotate/rotated-name.ts';

const NOW = Date.UTC(2026, 10, 29, 9, 30, 0, 7);

function next(files: readonly string[], nowMs = NOW): string {
  const generations = files.map((path) => ({ path }));
  return nextStamped('/logs/app.log', generations as never, nowMs, (path) => files.includes(path));
}

describe('names of rotated files', () => {
  it('are those of logrotate with dateext, which every reader of rotated files knows', () => {
    expect(next([])).toBe('/logs/app.log-20261129-093000007');
    expect(parseRotatedName('app.log-20261129-093000007')).toMatchObject({ base: 'app.log', gzip: false });
    expect(parseStamped('/logs/app.log-20261129-093000007')).toEqual({
      live: '/logs/app.log',
      stamp: '20261129-093000007',
    });
  });

  it('stand behind the newest there is, also within a millisecond or when the clock is set back', () => {
    expect(next(['/logs/app.log-20261129-093000007'])).toBe('/logs/app.log-20261129-093000008');
    expect(next(['/logs/app.log-20271231-235959999'])).toBe('/logs/app.log-20280101-000000000');
  });

  it('are none of those that others gave', () => {
    for (const name of ['app.log.1', 'app.log-20261129', 'app.log.20261129-093000', 'app.log-20261129-093000007.gz']) {
      expect(parseStamped(`/logs/${name}`)).toBe(undefined);
    }
    expect(next(['/logs/app.log.9', '/logs/app.log-99999999-999999999'])).toBe('/logs/app.log-20261129-093000007');
  });
});
