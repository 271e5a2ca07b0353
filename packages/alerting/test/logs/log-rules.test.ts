import { describe, expect, it } from 'vitest';
import type { ExpressionRule } from '../../src/logs/log-rule.ts';
import { ABSENCE, LogLab, MINUTE, NEW_TERM, PATTERN, RATE, SECOND, START } from './lab.ts';

const never = new AbortController().signal;

describe('a rate', () => {
  it('counts the lines of a window that ends as long ago as lines may take', async () => {
    const lab = new LogLab();
    for (const at of [0, 1, 2]) lab.line(at, 'web');
    for (const at of [0, 1]) lab.line(at, 'db');
    expect(await lab.evaluate(RATE, 10)).toEqual([]);
    expect(await lab.evaluate(RATE, 20)).toEqual(['web 3']);
    // From 300 s on the first second is in no window.
    expect(await lab.evaluate(RATE, 310)).toEqual(['web 3']);
    expect(await lab.evaluate(RATE, 320)).toEqual([]);
  });

  it('evaluates a window again when lines of it come late, and tells of it once', async () => {
    const lab = new LogLab();
    for (const at of [1, 2]) lab.line(at, 'web');
    lab.line(3, 'web', { arrives: 400 });
    for (let at = 60; at <= 360; at += 60) expect(await lab.evaluate(RATE, at)).toEqual([]);
    // The windows of now begin behind it.
    expect(await lab.evaluate(RATE, 420)).toEqual(['web 3']);
    expect(await lab.evaluate(RATE, 710)).toEqual(['web 3']);
    expect(await lab.evaluate(RATE, 720)).toEqual([]);
    expect(lab.rules.lateness.late).toBe(1);
  });

  it('evaluates the windows that ended while nobody was there', async () => {
    const lab = new LogLab();
    await lab.evaluate(RATE, 60);
    await lab.evaluate(RATE, 120);
    lab.restart();
    for (const at of [200, 201, 202]) lab.line(at, 'web');
    expect(await lab.evaluate(RATE, 3600)).toEqual(['web 3']);
    expect(await lab.evaluate(RATE, 3900)).toEqual([]);
  });

  it('finds a late window again when it was killed before its alerts were kept: once rather than never', async () => {
    const lab = new LogLab();
    for (const at of [1, 2]) lab.line(at, 'web');
    lab.line(3, 'web', { arrives: 400 });
    for (let at = 60; at <= 360; at += 60) await lab.evaluate(RATE, at);
    await lab.clock.advance(60 * SECOND);
    expect(await lab.rules.evaluate(RATE, START + 420 * SECOND, never)).toHaveLength(1);
    lab.restart();
    expect(await lab.evaluate(RATE, 480)).toEqual(['web 3']);
    lab.restart();
    // For five minutes from then on.
    expect(await lab.evaluate(RATE, 760)).toEqual(['web 3']);
    expect(await lab.evaluate(RATE, 800)).toEqual([]);
  });

  it('goes on from what a window has found, killed at once when its alerts are kept', async () => {
    const lab = new LogLab();
    const rule = { ...RATE, rangeMs: MINUTE };
    for (const at of [1, 2, 3]) lab.line(at, 'web');
    expect(await lab.evaluate(rule, 10)).toEqual([]);
    expect(await lab.evaluate(rule, 70)).toEqual(['web 3']);
    lab.restart();
    expect(await lab.evaluate(rule, 130)).toEqual([]);
  });

  it('compares no lines at all with a lower bound where nothing tells groups apart', async () => {
    const lab = new LogLab();
    const rule = { ...RATE, by: [], operator: '<', threshold: 1 } as const;
    expect(await lab.evaluate(rule, 60)).toEqual(['0']);
    lab.line(70, 'web');
    expect(await lab.evaluate(rule, 120)).toEqual([]);
  });

  it('waits longer where more than one line in a hundred comes late, and no longer than it may', async () => {
    const lab = new LogLab();
    for (let at = 0; at < 600; at++) lab.line(at, 'web', { arrives: at + (at % 20 === 0 ? 65 : 0) });
    for (let at = 60; at <= 600; at += 60) await lab.evaluate(PATTERN, at);
    expect(lab.rules.lateness.delayMs).toBeGreaterThan(30 * SECOND);
    expect(lab.rules.lateness.delayMs).toBeLessThanOrEqual(120 * SECOND);
    await lab.clock.advance(60 * MINUTE);
    expect(lab.rules.lateness.delayMs).toBe(10 * SECOND);
  });
});

describe('an expression', () => {
  const rule: ExpressionRule = {
    kind: 'expression',
    id: 'r',
    intervalMs: MINUTE,
    lateMs: 10 * MINUTE,
    expression: '300000 > 2',
  };

  it('is evaluated as it stands, and again for lines that come late', async () => {
    const lab = new LogLab('end');
    for (const at of [1, 2]) lab.line(at, 'web');
    lab.line(3, 'web', { arrives: 400 });
    for (let at = 60; at <= 360; at += 60) expect(await lab.evaluate(rule, at)).toEqual([]);
    expect(await lab.evaluate(rule, 420)).toEqual(['3']);
    expect(await lab.evaluate(rule, 720)).toEqual([]);
  });
});

describe('a pattern', () => {
  it('fires for each line, for as long as it says, also where it comes late and out of order', async () => {
    const lab = new LogLab();
    await lab.evaluate(PATTERN, 60);
    lab.line(119, 'web');
    expect(await lab.evaluate(PATTERN, 120)).toEqual(['web 1']);
    lab.line(65, 'web', { arrives: 170 });
    lab.line(100, 'db', { arrives: 170 });
    expect(await lab.evaluate(PATTERN, 180)).toEqual(['db 1', 'web 2']);
    expect(await lab.evaluate(PATTERN, 420)).toEqual(['db 1', 'web 1']);
    expect(await lab.evaluate(PATTERN, 480)).toEqual([]);
  });

  it('finds lines again rather than none where it has no state, and none that are older', async () => {
    const lab = new LogLab();
    lab.line(-400, 'web');
    lab.line(-100, 'web');
    expect(await lab.evaluate(PATTERN, 0)).toEqual(['web 1']);
  });

  it('finds what came during an outage, and has what fired before it', async () => {
    const lab = new LogLab();
    await lab.evaluate(PATTERN, 0);
    lab.line(50, 'web');
    expect(await lab.evaluate(PATTERN, 60)).toEqual(['web 1']);
    lab.restart();
    expect(await lab.evaluate(PATTERN, 120)).toEqual(['web 1']);
    lab.restart();
    lab.line(130, 'db');
    expect(await lab.evaluate(PATTERN, 3 * 3600)).toEqual(['db 1']);
  });

  it('counts nothing twice that a part of the store had not for a while', async () => {
    const lab = new LogLab();
    await lab.evaluate(PATTERN, 0);
    lab.line(10, 'web');
    expect(await lab.evaluate(PATTERN, 60)).toEqual(['web 1']);
    lab.source.hidden = () => true;
    expect(await lab.evaluate(PATTERN, 120)).toEqual(['web 1']);
    lab.source.hidden = () => false;
    expect(await lab.evaluate(PATTERN, 180)).toEqual(['web 1']);
  });

  it('shows the newest line, without what nobody should read, and keeps it', async () => {
    const lab = new LogLab();
    const rule = { ...PATTERN, wantsLine: true };
    await lab.evaluate(rule, 0);
    lab.line(10, 'web', { message: 'panic for jo@example.com' });
    expect(await lab.evaluate(rule, 60)).toEqual(['web 1 panic for [email]']);
    lab.restart();
    expect(await lab.evaluate(rule, 120)).toEqual(['web 1 panic for [email]']);
    lab.line(130, 'web', { message: 'x'.repeat(2000) });
    expect(await lab.evaluate(rule, 180)).toEqual([`web 2 ${'x'.repeat(1000)}…`]);
  });

  it('begins anew where the clock was wrong', async () => {
    const lab = new LogLab();
    await lab.rules.evaluate(PATTERN, START + 100 * 3_600_000, never);
    lab.line(10, 'web');
    expect(await lab.evaluate(PATTERN, 60)).toEqual(['web 1']);
  });

  it('keeps what it knows when the store is down', async () => {
    const lab = new LogLab();
    await lab.evaluate(PATTERN, 0);
    lab.line(10, 'web');
    lab.source.isDown = true;
    await expect(lab.evaluate(PATTERN, 60)).rejects.toMatchObject({ code: 'LOGS_UNREACHABLE' });
    expect(lab.rules.counts.asked).toMatchObject({ success: 1, unreachable: 1 });
    lab.source.isDown = false;
    expect(await lab.evaluate(PATTERN, 120)).toEqual(['web 1']);
  });

  it('goes on when its state cannot be written, and says so', async () => {
    const lab = new LogLab();
    lab.fs.freeBytes = 0;
    await lab.evaluate(PATTERN, 0);
    lab.line(10, 'web');
    expect(await lab.evaluate(PATTERN, 60)).toEqual(['web 1']);
    expect(lab.rules.counts.failedWrites).toBe(2);
    expect(lab.logged.join()).toContain('ENOSPC');
  });
});

describe('an absence', () => {
  it('fires for what was there and is no more, and forgets it in the end', async () => {
    const lab = new LogLab();
    lab.line(0, 'web');
    lab.line(0, 'db');
    expect(await lab.evaluate(ABSENCE, 30)).toEqual([]);
    for (let at = 60; at <= 300; at += 60) {
      lab.line(at - 1, 'db');
      expect(await lab.evaluate(ABSENCE, at)).toEqual([]);
    }
    // 10 s of the step, and 10 s that lines may take.
    lab.restart();
    expect(await lab.evaluate(ABSENCE, 320)).toEqual(['web 310']);
    lab.line(359, 'db');
    lab.line(359, 'web');
    expect(await lab.evaluate(ABSENCE, 360)).toEqual([]);
    expect(await lab.evaluate(ABSENCE, 360 + 3000)).toEqual(['db 3000', 'web 3000']);
    expect(await lab.evaluate(ABSENCE, 360 + 3600)).toEqual([]);
  });

  it('fires for what is expected and never was', async () => {
    const { LabelSet } = await import('@vigie/promql/labels/label-set');
    const lab = new LogLab();
    const rule = { ...ABSENCE, expected: [LabelSet.of({ pod: 'backup' })] };
    expect(await lab.evaluate(rule, 60)).toEqual(['backup 300']);
    lab.line(70, 'backup');
    expect(await lab.evaluate(rule, 120)).toEqual([]);
    expect(await lab.evaluate(rule, 120 + 7200)).toEqual(['backup 7240']);
  });

  it('is not late for a line that is', async () => {
    const lab = new LogLab();
    lab.line(0, 'web');
    await lab.evaluate(ABSENCE, 30);
    lab.line(200, 'web', { arrives: 319 });
    expect(await lab.evaluate(ABSENCE, 320)).toEqual([]);
  });
});

describe('a new term', () => {
  it('fires for a value that was not there in the time that it learns from, and for no other', async () => {
    const lab = new LogLab();
    lab.line(-6 * 24 * 3600, 'old');
    lab.line(-10, 'web');
    expect(await lab.evaluate(NEW_TERM, 0)).toEqual([]);
    lab.line(30, 'old');
    lab.line(30, 'web');
    lab.line(31, 'new');
    lab.line(32, 'new');
    expect(await lab.evaluate(NEW_TERM, 60)).toEqual(['new 2']);
    lab.restart();
    lab.line(70, 'new');
    lab.line(20, 'late', { arrives: 100 });
    expect(await lab.evaluate(NEW_TERM, 120)).toEqual(['late 1', 'new 2']);
    expect(await lab.evaluate(NEW_TERM, 370)).toEqual(['late 1']);
    expect(await lab.evaluate(NEW_TERM, 500)).toEqual([]);
  });
});

describe('the state of log rules', () => {
  it('is of no use to a rule that asks something else, and is forgotten with its rule', async () => {
    const lab = new LogLab();
    await lab.evaluate(PATTERN, 0);
    const other = { ...PATTERN, by: [] };
    lab.line(10, 'web');
    lab.restart();
    expect(await lab.evaluate(other, 60)).toEqual(['1']);
    await lab.rules.retain(['other']);
    expect(await lab.fs.readdir('/data/log-rules')).toEqual([]);
  });

  it('begins anew where a reload has changed what its rule asks', async () => {
    const lab = new LogLab();
    for (const at of [0, 1, 2]) lab.line(at, 'web');
    expect(await lab.evaluate(RATE, 20)).toEqual(['web 3']);
    expect(await lab.evaluate({ ...RATE, by: [] }, 80)).toEqual(['3']);
  });

  it('begins anew where its file is damaged', async () => {
    const lab = new LogLab();
    await lab.evaluate(PATTERN, 0);
    const [name = ''] = await lab.fs.readdir('/data/log-rules');
    const path = `/data/log-rules/${name}`;
    const bytes = await lab.fs.readFile(path);
    const file = await lab.fs.open(path, 'r+');
    await file.truncate(bytes.length - 5);
    await file.close();
    lab.restart();
    lab.line(10, 'web');
    expect(await lab.evaluate(PATTERN, 60)).toEqual(['web 1']);
    expect(lab.logged.join()).toContain('is damaged');
  });
});
