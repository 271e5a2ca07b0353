import { FakeClock } from '@vigie/core/fake-clock';
import { seededRandom } from '@vigie/core/random';
import { describe, expect, test } from 'vitest';
import { DiskBuffer, type DiskBufferOptions } from '../../src/buffer/disk-buffer.ts';
import { errno, FakeDisk } from './fake-disk.ts';

const MAX_BYTES = 8000;
const FOLDER = '/data/buffers/out';

async function openBuffer(
  disk: FakeDisk,
  clock: FakeClock,
  whenFull: DiskBufferOptions['whenFull'],
): Promise<DiskBuffer> {
  const opening = DiskBuffer.open(
    FOLDER,
    { maxBytes: MAX_BYTES, whenFull, bodyKind: 'http' },
    {
      fs: disk.fs,
      clock,
      random: seededRandom(1),
      reports: {
        delivered: () => undefined,
        dropped: (_source, reason) => {
          throw new Error(reason);
        },
        damaged: (kind) => {
          throw new Error(kind);
        },
        trouble: () => undefined,
        fault: (error) => {
          throw error;
        },
        failed: () => undefined,
      },
    },
  );
  await disk.quiesce();
  const buffer = await opening;
  buffer.start({ takesDeflate: true, maxInFlight: 1, deliver: () => Promise.resolve({ rejected: [] }) });
  return buffer;
}

function appendTo(buffer: DiskBuffer, bodyBytes: number): () => boolean {
  let isStored = false;
  const entry = { source: 's', body: Buffer.alloc(bodyBytes, 'x'), records: 1, inflatedBytes: undefined };
  void buffer.append({ ...entry, recordBytes: Uint32Array.of(bodyBytes) }, new AbortController().signal).then(() => {
    isStored = true;
  });
  return () => isStored;
}

describe('room in an empty disk buffer', () => {
  test.each([
    'block',
    'drop_oldest',
  ] as const)('%s: what was delivered makes room for an entry that needs all of it', async (whenFull) => {
    const [disk, clock] = [new FakeDisk(), new FakeClock()];
    const buffer = await openBuffer(disk, clock, whenFull);
    const small = appendTo(buffer, 300);
    await disk.quiesce();
    expect(small()).toBe(true);
    expect(buffer.isEmpty).toBe(true);
    const large = appendTo(buffer, 7500);
    await disk.quiesce();
    expect(large()).toBe(true);
    expect(buffer.bytes).toBeLessThanOrEqual(MAX_BYTES);
  });

  test('an entry that is larger than the buffer goes into an empty one', async () => {
    const [disk, clock] = [new FakeDisk(), new FakeClock()];
    const buffer = await openBuffer(disk, clock, 'block');
    const huge = appendTo(buffer, 9000);
    await disk.quiesce();
    expect(huge()).toBe(true);
  });

  test('what cannot be removed is tried again, and takes room until then', async () => {
    const [disk, clock] = [new FakeDisk(), new FakeClock()];
    const buffer = await openBuffer(disk, clock, 'block');
    let isStuck = true;
    disk.fault = (operation, path) => {
      if (isStuck && operation === 'unlink' && path.endsWith('.segment')) throw errno('EBUSY');
    };
    appendTo(buffer, 300);
    await disk.quiesce();
    const large = appendTo(buffer, 7500);
    await disk.quiesce();
    expect(large()).toBe(false);
    isStuck = false;
    await clock.advance(10_000);
    await disk.quiesce();
    expect(large()).toBe(true);
  });
});
