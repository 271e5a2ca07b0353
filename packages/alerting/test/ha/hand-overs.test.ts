import { FakeClock } from '@vigie/core/fake-clock';
import { describe, expect, it } from 'vitest';
import { HandOvers } from '../../src/ha/hand-overs.ts';
import { SECOND } from '../lab.ts';

describe('a shard that was given away', () => {
  it('is for others for four seconds', async () => {
    const clock = new FakeClock();
    const handOvers = new HandOvers(clock);
    handOvers.gave(3, 0);
    await clock.advance(4 * SECOND - 1);
    expect([...handOvers.given()]).toEqual([3]);
    await clock.advance(1);
    expect([...handOvers.given()]).toEqual([]);
  });

  it('is followed by the next at once where those who had less have taken it', () => {
    const handOvers = new HandOvers(new FakeClock());
    handOvers.gave(3, 0);
    handOvers.taken(3, 1);
    expect(handOvers.mayGive()).toBe(true);
  });

  it('is followed by the next after longer and longer where it was in vain, up to 20 s', async () => {
    const clock = new FakeClock();
    const handOvers = new HandOvers(clock);
    const pauses: number[] = [];
    for (let round = 0; round < 4; round++) {
      handOvers.gave(3, 0);
      // Taken back, or taken by one who had enough.
      if (round % 2 === 0) handOvers.kept(3, false);
      else handOvers.taken(3, 5);
      const fromMs = clock.monotonicMs();
      while (!handOvers.mayGive()) await clock.advance(SECOND);
      pauses.push(clock.monotonicMs() - fromMs);
    }
    expect(pauses).toEqual([5, 10, 20, 20].map((seconds) => seconds * SECOND));
  });
});
