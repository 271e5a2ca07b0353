/** A ConfigMap with a part of what a replica has told the others. Layout: docs/formats/shared-alerting-state.md. Pure, but for the compression. */
import { promisify } from 'node:util';
import { gunzipSync, gzip } from 'node:zlib';
import { VigieError } from '@vigie/core/errors';
import type { ObjectForm } from '@vigie/kube/objects';
import * as v from 'valibot';

export interface SharedObject {
  readonly uid: string;
  readonly name: string;
  /** Of the object, as the API server counts. */
  readonly version: string;
  readonly replica: string;
  /** Members of gzip, one behind the other; a replica only adds to them. */
  readonly bytes: Buffer;
}

/** Who writes, and for whom. */
export interface SharedPlace {
  readonly namespace: string;
  /** Of all replicas. */
  readonly name: string;
  readonly replica: string;
}

export const GROUP_LABEL = 'vigie.io/alerting';
export const REPLICA_LABEL = 'vigie.io/replica';
const FORMAT_LABEL = 'vigie.io/format';
const FORMAT = '1';
const DATA_KEY = 'records.gz';

/** In base64 it is 480 KiB, and the object less than 512. */
export const MAX_OBJECT_BYTES = 360 * 1024;
/** What a batch may unfold to; ours are 2 MiB. */
const MAX_UNFOLDED_BYTES = 64 * 2 ** 20;

const gzipped = promisify(gzip);

export function sharedObjectName({ name, replica }: SharedPlace, number: number): string {
  return `${name}-state-${replica}-${number}`;
}

/** @returns the body of a request that creates or replaces it
 *  @param resourceVersion undefined: it is new */
export function sharedObjectBody(
  place: SharedPlace,
  number: number,
  bytes: Buffer,
  resourceVersion: string | undefined,
): object {
  const { namespace, name, replica } = place;
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: sharedObjectName(place, number),
      namespace,
      labels: { [GROUP_LABEL]: name, [REPLICA_LABEL]: replica, [FORMAT_LABEL]: FORMAT },
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    binaryData: { [DATA_KEY]: bytes.toString('base64') },
  };
}

const schema = v.object({
  metadata: v.object({
    name: v.string(),
    uid: v.string(),
    resourceVersion: v.string(),
    labels: v.object({ [REPLICA_LABEL]: v.string(), [FORMAT_LABEL]: v.literal(FORMAT) }),
  }),
  binaryData: v.optional(v.record(v.string(), v.string()), {}),
});

export const sharedObjectForm: ObjectForm<SharedObject> = {
  decode: (object) => {
    const decoded = v.safeParse(schema, object);
    if (!decoded.success)
      throw new VigieError('KUBE_OBJECT_INVALID', 'a ConfigMap without the state of alerts that its labels promise');
    const { metadata, binaryData } = decoded.output;
    const { uid, name, resourceVersion: version, labels } = metadata;
    const bytes = Buffer.from(binaryData[DATA_KEY] ?? '', 'base64');
    return { uid, name, version, replica: labels[REPLICA_LABEL], bytes };
  },
};

/** One version of one thing: of two with the same key, the one with the higher version holds. */
export interface SharedLine {
  readonly version: number;
  /** As encodeStateRecord writes it. */
  readonly record: string;
}

export async function encodeBatch(lines: readonly SharedLine[]): Promise<Buffer> {
  return gzipped(lines.map(({ version, record }) => `${version} ${record}\n`).join(''));
}

export interface DecodedBatch {
  readonly lines: readonly SharedLine[];
  /** What is no line, or cannot be unfolded. */
  readonly damaged: number;
}

/** @param bytes one or several batches */
export function decodeBatches(bytes: Buffer): DecodedBatch {
  if (bytes.length === 0) return { lines: [], damaged: 0 };
  let text: string;
  try {
    text = gunzipSync(bytes, { maxOutputLength: MAX_UNFOLDED_BYTES }).toString('utf8');
  } catch {
    return { lines: [], damaged: 1 };
  }
  const lines: SharedLine[] = [];
  let damaged = 0;
  for (const written of text.split('\n')) {
    if (written === '') continue;
    const space = written.indexOf(' ');
    const version = Number(written.slice(0, space));
    if (space < 1 || !Number.isFinite(version)) damaged += 1;
    else lines.push({ version, record: written.slice(space + 1) });
  }
  return { lines, damaged };
}
