/** A receiver's ways to tell someone of alerts. */
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { NotificationContext } from '../context/notification-context.ts';
import type { Alert } from '../dispatch/alert.ts';
import type { NotificationReason } from '../dispatch/notification-log.ts';

/** What an integration wants to know again, by names of its own: where its message of a group is. */
export type KeptValues = Readonly<Record<string, string>>;

/** What one integration is asked to tell: one flush of one group. */
export interface Notification {
  readonly receiver: string;
  readonly groupKey: string;
  readonly groupLabels: LabelSet;
  /** As the route has them: they may be templates. */
  readonly routeLabels: Readonly<Record<string, string>>;
  readonly reason: NotificationReason;
  /** Sorted as notifications list them; those that fire have no end. */
  readonly alerts: readonly Alert[];
  /** What is listed in place of all of them: some, with entries that stand for the others; undefined: all. */
  readonly listed?: readonly Alert[] | undefined;
  /** Of one that tells of several groups: the keys of all of them, of which `groupKey` is one. */
  readonly groupKeys?: readonly string[] | undefined;
  /** Of the flush, Unix ms: what is resolved by then is told as resolved. */
  readonly timeMs: number;
  /** Of the group's route; undefined where it tells of several groups, or the route is no more. */
  readonly repeatIntervalMs?: number | undefined;
  /** The same for each attempt at this notification, also after a restart; undefined: it has none. */
  readonly idempotencyKey?: string | undefined;
  /** What the integration has kept of the group since that was told first; undefined: nothing. */
  readonly kept?: KeptValues | undefined;
  /** undefined where the receiver asks for none. */
  readonly context?: NotificationContext | undefined;
}

export interface SentOutcome {
  readonly kind: 'sent';
  /** In place of what it has kept before. */
  readonly kept?: KeptValues | undefined;
  /** What did not go well all the same: some of those whom it is for do not have it. To send it again would tell the others twice. */
  readonly problem?: string | undefined;
}

export type SendOutcome =
  | SentOutcome
  /** Try again: the network, a server error, too many requests. */
  | { readonly kind: 'retry'; readonly reason: string; readonly afterMs: number | undefined }
  /** Trying again would fail the same way. */
  | { readonly kind: 'failed'; readonly reason: string };

/** A message that was sent, and what came back. */
export interface Exchange {
  /** Of a mail, its text and its HTML; '' where the message is in the URL. */
  readonly body: string;
  /** Of HTTP; undefined where no answer came. */
  readonly status: number | undefined;
}

export interface Integration {
  /** As the notification log names it: `shop/webhook/0`. */
  readonly id: string;
  /** `webhook`, `email`, …, for telemetry. */
  readonly kind: string;
  readonly sendsResolved: boolean;
  /** Tries once. It does not throw: what goes wrong is the outcome, without secrets in its reason.
   *  @param onExchange is told of each message that went out, whatever came of it */
  send(
    notification: Notification,
    signal: AbortSignal,
    onExchange?: (exchange: Exchange) => void,
  ): Promise<SendOutcome>;
}
