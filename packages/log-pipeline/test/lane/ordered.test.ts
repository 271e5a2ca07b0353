/** A sink that must have a log's records in order: none is sent while one before it is on its way. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Gate, LaneBed, numbered } from './harness.ts';

let bed: LaneBed;
beforeEach(() => {
  bed = new LaneBed();
  bed.ordered = true;
});
afterEach(async () => {
  await bed.stop();
  expect(bed.faults).toEqual([]);
  bed.remove();
});

it('has one request of a log under way, and others of other logs beside it', async () => {
  const [busy, other] = [bed.logPath('busy'), bed.logPath('other')];
  bed.append(busy, ...numbered(0, 100));
  const gate = new Gate();
  bed.gate = gate.opened;
  const lane = await bed.start();
  await bed.until(() => lane.inFlight === 1);
  bed.gate = undefined;
  bed.append(busy, ...numbered(100, 110));
  bed.append(other, ...numbered(0, 3));
  await bed.until(() => bed.received.length === 3);
  expect(bed.received.every(({ log }) => log.file.path.includes('/other/'))).toBe(true);
  gate.open();
  await bed.until(() => bed.received.length === 113);
  const own = bed.received.filter(({ log }) => log.file.path.includes('/busy/')).map(({ message }) => message);
  expect(own).toEqual(numbered(0, 110));
});

it('lets the rest of a read wait for its first part', async () => {
  bed.append(bed.logPath(), ...numbered(0, 400));
  const gates = [new Gate(), new Gate()];
  bed.gate = gates[0]?.opened;
  const lane = await bed.start({ batchBytes: 16_384 });
  await bed.until(() => lane.inFlight === 1);
  bed.gate = gates[1]?.opened;
  gates[0]?.open();
  await bed.until(() => bed.received.length > 0 && lane.inFlight === 1);
  const first = bed.received.length;
  expect(first).toBeLessThan(400);
  bed.gate = undefined;
  gates[1]?.open();
  await bed.until(() => bed.received.length === 400);
  expect(bed.messages).toEqual(numbered(0, 400));
});

it('is idle only when what was held back is sent too', async () => {
  const log = bed.logPath();
  bed.append(log, ...numbered(0, 100));
  const gate = new Gate();
  bed.gate = gate.opened;
  const lane = await bed.start({ once: true });
  await bed.until(() => lane.inFlight === 1);
  bed.append(log, ...numbered(100, 101));
  await bed.until(() => [...lane.cursors].some((cursor) => cursor.unreadBytes() > 0));
  expect(lane.isIdle).toBe(false);
  gate.open();
  await bed.until(() => bed.received.length === 101 && lane.isIdle);
  expect(bed.messages).toEqual(numbered(0, 101));
});
