import { FakeClock } from '@vigie/core/fake-clock';
import { describe, expect, it } from 'vitest';
import { EndWatch } from '../../src/stream/end-watch.ts';

function watched(signs: { until?: string; untilExit?: string }) {
  const clock = new FakeClock();
  const machine = { files: new Set<string>(), programs: new Set<string>() };
  const facts = {
    exists: (path: string) => machine.files.has(path),
    runs: (program: string) => machine.programs.has(program),
  };
  const ended: string[] = [];
  const watch = new EndWatch({ until: signs.until, untilExit: signs.untilExit }, clock, facts);
  return { clock, machine, ended, watch, start: () => watch.start((sign) => ended.push(sign)) };
}

describe('EndWatch', () => {
  it('sees a file that is there at the start, or comes later, and tells of it once', async () => {
    const early = watched({ until: '/done' });
    early.machine.files.add('/done');
    early.start();
    expect(early.ended).toEqual(['until']);

    const late = watched({ until: '/done' });
    late.start();
    await late.clock.advance(5_000);
    expect(late.ended).toEqual([]);
    late.machine.files.add('/done');
    await late.clock.advance(5_000);
    expect(late.ended).toEqual(['until']);
  });

  it('waits for a program to begin before it waits for its end', async () => {
    const { clock, machine, ended, start } = watched({ untilExit: 'job' });
    start();
    await clock.advance(10_000);
    machine.programs.add('job');
    await clock.advance(10_000);
    expect(ended).toEqual([]);
    machine.programs.clear();
    await clock.advance(2_000);
    expect(ended).toEqual(['until_exit']);
  });

  it('takes one look without the program for a restart of it', async () => {
    const { clock, machine, ended, start } = watched({ untilExit: 'job' });
    machine.programs.add('job');
    start();
    machine.programs.clear();
    await clock.advance(1_000);
    machine.programs.add('job');
    await clock.advance(3_000);
    expect(ended).toEqual([]);
  });

  it('looks no more once it is closed', async () => {
    const { clock, machine, ended, watch, start } = watched({ until: '/done' });
    start();
    watch.close();
    machine.files.add('/done');
    await clock.advance(5_000);
    expect(ended).toEqual([]);
  });
});
