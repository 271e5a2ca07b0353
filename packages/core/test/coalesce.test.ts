import { expect, it } from 'vitest';
import { coalesce } from '../src/coalesce.ts';

/** A run that ends when the test says so. */
function controlled() {
  const ends: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const ask = coalesce(() => new Promise<void>((resolve, reject) => ends.push({ resolve, reject })));
  return { ends, ask };
}

it('lets all that ask during a run share the one after it', async () => {
  const { ends, ask } = controlled();
  const first = ask();
  const second = ask();
  const third = ask();
  expect(ends).toHaveLength(1);
  ends[0]?.resolve();
  await first;
  await Promise.resolve();
  expect(ends).toHaveLength(2);
  ends[1]?.resolve();
  await Promise.all([second, third]);
  expect(ends).toHaveLength(2);
});

it('tells each caller how its own run ended, and runs again after a failure', async () => {
  const { ends, ask } = controlled();
  const first = ask();
  const second = ask();
  ends[0]?.reject(new Error('bad file'));
  await expect(first).rejects.toThrow('bad file');
  ends[1]?.resolve();
  await second;
  const third = ask();
  ends[2]?.resolve();
  await third;
});

it('never runs twice at a time, at whichever moment it is asked', async () => {
  let running = 0;
  let most = 0;
  const ask = coalesce(async () => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    running--;
  });
  const asked = [ask(), ask()];
  for (let microtask = 0; microtask < 50; microtask++) {
    await Promise.resolve();
    asked.push(ask());
  }
  await Promise.all(asked);
  expect(most).toBe(1);
});
