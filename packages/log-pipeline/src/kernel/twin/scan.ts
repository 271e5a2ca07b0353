/** Whether bytes are one JSON object that can be spliced into another. */
import { readJsonObject } from '../json-reader.ts';
import * as layout from '../layout.ts';
import { namesCollide } from '../name-paths.ts';
import type { TwinMemory } from '../twin.ts';

/** Contract: `Kernel.scanObject`. */
export function scanObject(memory: TwinMemory, start: number, length: number): number {
  const { bytes, view } = memory;
  const reading = readJsonObject(bytes, start, start + length);
  switch (reading.status) {
    case 'not_an_object':
      return layout.SCAN_NOT_AN_OBJECT;
    case 'invalid':
      return layout.SCAN_INVALID;
    case 'too_deep':
      return layout.SCAN_TOO_DEEP;
    case 'object': {
      const { object, irregular } = reading;
      const reserved = reservedNames(memory);
      const collisions = object.members.filter(({ name }) => reserved.some((other) => namesCollide(name, other)));
      const listed = collisions.slice(0, layout.MAX_COLLISIONS);
      for (const [index, member] of listed.entries()) {
        view.setUint32(layout.COLLISIONS + index * 8, member.start, true);
        view.setUint32(layout.COLLISIONS + index * 8 + 4, member.end, true);
      }
      view.setUint32(layout.RESULT_OBJECT_START, object.start, true);
      view.setUint32(layout.RESULT_OBJECT_END, object.end, true);
      view.setUint32(layout.RESULT_COLLISIONS, listed.length, true);
      return irregular || collisions.length > layout.MAX_COLLISIONS ? layout.SCAN_REWRITE : 0;
    }
  }
}

function reservedNames({ bytes, view }: TwinMemory): string[] {
  return Array.from({ length: view.getUint32(layout.RESERVED_NAMES, true) }, (_, index) => {
    const slot = layout.RESERVED_SLOTS + index * layout.RESERVED_SLOT_BYTES;
    return Buffer.from(bytes.subarray(slot + 4, slot + 4 + view.getUint32(slot, true))).toString();
  });
}
