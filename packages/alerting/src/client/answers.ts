/** Answers of Alertmanager's API, decoded: Vigie's or a real Alertmanager's. What is not known is kept, for output as JSON. */
import * as v from 'valibot';

const texts = v.record(v.string(), v.string());
const time = v.pipe(
  v.string(),
  v.check((text) => !Number.isNaN(Date.parse(text))),
);

const alertSchema = v.looseObject({
  labels: texts,
  annotations: v.optional(texts, {}),
  startsAt: time,
  endsAt: time,
  generatorURL: v.optional(v.string(), ''),
  status: v.looseObject({ state: v.string() }),
});

const silenceSchema = v.looseObject({
  id: v.string(),
  status: v.looseObject({ state: v.picklist(['active', 'pending', 'expired']) }),
  matchers: v.array(
    v.looseObject({
      name: v.string(),
      value: v.string(),
      isRegex: v.boolean(),
      // Older releases had none that differ.
      isEqual: v.optional(v.boolean(), true),
    }),
  ),
  startsAt: time,
  endsAt: time,
  updatedAt: time,
  createdBy: v.string(),
  comment: v.string(),
});

const previewSchema = v.object({
  alerts: v.number(),
  silenced: v.number(),
  warning: v.optional(v.string()),
  examples: v.array(v.object({ labels: texts })),
});

const acknowledgedSchema = v.object({
  acknowledged: v.array(v.object({ groupKey: v.string(), receiver: v.string() })),
});
const reopenedSchema = v.object({ reopened: v.array(v.object({ groupKey: v.string(), receiver: v.string() })) });

export type ListedPage = Readonly<v.InferOutput<typeof acknowledgedSchema>['acknowledged'][number]>;

export type ListedAlert = Readonly<v.InferOutput<typeof alertSchema>>;
export type ListedSilence = Readonly<v.InferOutput<typeof silenceSchema>>;
export type SilencePreviewAnswer = Readonly<v.InferOutput<typeof previewSchema>>;

/** @param json as parsed
 *  @returns undefined where it is none; so of the others */
export function decodeListedAlerts(json: unknown): readonly ListedAlert[] | undefined {
  const { success, output } = v.safeParse(v.array(alertSchema), json);
  return success ? output : undefined;
}

export function decodeListedSilences(json: unknown): readonly ListedSilence[] | undefined {
  const { success, output } = v.safeParse(v.array(silenceSchema), json);
  return success ? output : undefined;
}

export function decodePreview(json: unknown): SilencePreviewAnswer | undefined {
  const { success, output } = v.safeParse(previewSchema, json);
  return success ? output : undefined;
}

/** @returns undefined where it is no answer to a posted silence */
export function decodeSilenceId(json: unknown): string | undefined {
  const { success, output } = v.safeParse(v.object({ silenceID: v.string() }), json);
  return success ? output.silenceID : undefined;
}

const historySchema = v.object({
  events: v.array(v.object({ labels: texts })),
  nextToken: v.optional(v.string()),
});

export interface CreatedAlerts {
  /** Labels. */
  readonly alerts: readonly Readonly<Record<string, string>>[];
  /** Of the next page; undefined behind the last. */
  readonly nextToken: string | undefined;
}

/** @returns undefined where it is no page of a history that was asked for alerts alone */
export function decodeCreatedAlerts(json: unknown): CreatedAlerts | undefined {
  const { success, output } = v.safeParse(historySchema, json);
  return success ? { alerts: output.events.map(({ labels }) => labels), nextToken: output.nextToken } : undefined;
}

/** @returns undefined where it is no answer to an acknowledgement, or to its withdrawal */
export function decodeAcknowledged(json: unknown): readonly ListedPage[] | undefined {
  const acknowledged = v.safeParse(acknowledgedSchema, json);
  if (acknowledged.success) return acknowledged.output.acknowledged;
  const reopened = v.safeParse(reopenedSchema, json);
  return reopened.success ? reopened.output.reopened : undefined;
}

const endedSchema = v.object({ ended: v.array(v.object({ labels: texts })) });

/** @returns the labels of each alert; undefined where it is no answer to an end by hand */
export function decodeEnded(json: unknown): readonly Readonly<Record<string, string>>[] | undefined {
  const { success, output } = v.safeParse(endedSchema, json);
  return success ? output.ended.map(({ labels }) => labels) : undefined;
}
