/** One file of a buffer, as it is known in memory. */
import { join } from 'node:path';

/** Records, and the input they stand for. */
export interface Held {
  readonly records: number;
  readonly bytes: number;
}

/** Held records by source. */
export class HeldCounts {
  readonly #bySource = new Map<string, Held>();

  get sources(): Iterable<[string, Held]> {
    return this.#bySource;
  }

  get records(): number {
    let records = 0;
    for (const held of this.#bySource.values()) records += held.records;
    return records;
  }

  get isEmpty(): boolean {
    return this.#bySource.size === 0;
  }

  of(source: string): Held {
    return this.#bySource.get(source) ?? NOTHING;
  }

  add(source: string, { records, bytes }: Held): void {
    const before = this.of(source);
    const after = { records: before.records + records, bytes: before.bytes + bytes };
    if (after.records === 0 && after.bytes === 0) this.#bySource.delete(source);
    else this.#bySource.set(source, after);
  }

  /** @returns all there was; nothing is left */
  take(): readonly [string, Held][] {
    const all = [...this.#bySource];
    this.#bySource.clear();
    return all;
  }

  subtract(source: string, { records, bytes }: Held): void {
    this.add(source, { records: -records, bytes: -bytes });
  }
}

const NOTHING: Held = { records: 0, bytes: 0 };

export class Segment {
  readonly number: number;
  /** undefined: the header does not say it any more, so that nobody can be given the bodies. */
  readonly bodyKind: string | undefined;
  /** Bytes that are on the disk for sure; entries end exactly here. */
  sizeBytes: number;
  /** First byte that is not given to the drainer yet. */
  readOffset: number;
  /** Nothing will be added. */
  sealed: boolean;
  /** Being read, or entries of it being delivered: it cannot be dropped. */
  pins = 0;
  /** When its first entry was appended, Unix ms. */
  firstAtMs: number | undefined;
  /** Neither delivered nor dropped. */
  readonly held = new HeldCounts();
  /** Where entries begin that are dealt with, while one before them may not be. */
  readonly passed = new Set<number>();
  /** Where each stretch that is no entry ends, by where it begins. */
  readonly gaps = new Map<number, number>();

  constructor(number: number, bodyKind: string | undefined, headerBytes: number, sealed: boolean) {
    this.number = number;
    this.bodyKind = bodyKind;
    this.sizeBytes = headerBytes;
    this.readOffset = headerBytes;
    this.sealed = sealed;
  }

  get fileName(): string {
    return segmentName(this.number);
  }

  get isDrained(): boolean {
    return this.readOffset >= this.sizeBytes && this.held.isEmpty && this.pins === 0;
  }
}

const NAME = /^(\d{12})\.segment$/;

export function segmentPath(folder: string, number: number): string {
  return join(folder, segmentName(number));
}

function segmentName(number: number): string {
  return `${String(number).padStart(12, '0')}.segment`;
}

/** @returns undefined for a file that is no segment */
export function segmentNumber(name: string): number | undefined {
  const match = NAME.exec(name);
  return match === null ? undefined : Number(match[1]);
}
