/** One record of a Loki body as JSON, and back: the stream as Loki's own JSON has it, with what Loki does not know beside it. */
import { VigieError } from '@vigie/core/errors';
import { formatLabels, type Labels, parseLabels } from '@vigie/wire/loki/labels';
import { decodePushRequest, encodePushRequest, formatPushRequest, parsePushRequest } from '@vigie/wire/loki/push';
import { ProtoWriter } from '@vigie/wire/protobuf/writer';
import * as v from 'valibot';
import { STREAM, streamGroups, streamHeader } from './body.ts';

const letterSchema = v.object({
  tenant: v.optional(v.string()),
  stream: v.record(v.string(), v.string()),
  late: v.optional(v.record(v.string(), v.string())),
  values: v.pipe(v.array(v.unknown()), v.length(1)),
});

/** `{"tenant":…,"stream":{…},"late":{…},"values":[["1795255200123456789","line",{…}]]}` */
export function letterOf(body: Buffer): string {
  const [group] = streamGroups(body);
  const { streams } = JSON.parse(formatPushRequest(decodePushRequest(body))) as { streams: [object] };
  const late = group === undefined ? undefined : Object.fromEntries(parseLabels(group.lateLabels));
  return JSON.stringify({ ...(group?.tenant === undefined ? {} : { tenant: group.tenant }), ...streams[0], late });
}

/** @throws {VigieError} */
export function bodyOf(text: string): Buffer {
  const letter = v.safeParse(letterSchema, JSON.parse(text));
  if (!letter.success) throw new VigieError('DEAD_LETTER_INVALID', 'a dead letter that is not one of a Loki sink');
  const { tenant, stream, late = stream, values } = letter.output;
  const request = parsePushRequest(JSON.stringify({ streams: [{ stream, values }] }));
  const [group] = streamGroups(encodePushRequest(request));
  const labels = (named: Readonly<Record<string, string>>): Labels => new Map(Object.entries(named));
  const writer = new ProtoWriter();
  writer.message(STREAM, () => {
    writer.raw(streamHeader({ labels: formatLabels(labels(stream)), lateLabels: formatLabels(labels(late)), tenant }));
    if (group !== undefined) writer.raw(group.entries);
  });
  return writer.finish();
}
