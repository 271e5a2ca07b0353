/** Receivers that are told by HTTP requests: what is sent is theirs; how, and what an answer means, is here.
 *  Source: Alertmanager 0.34, notify/util.go. */
import type { Clock } from '@vigie/core/clock';
import type { HttpClientConfig } from '@vigie/core/config/http-client-config';
import { startDeadline } from '@vigie/core/deadline';
import { describeError, errorCode } from '@vigie/core/errors';
import { HttpClient } from '@vigie/core/http-client/http-client';
import { readBody } from '@vigie/core/http-client/read-body';
import { parseRetryAfter } from '@vigie/core/http-client/retry-after';
import { formatGoDuration } from '@vigie/core/template/go-time';
import { isResolved } from '../dispatch/alert.ts';
import { notificationData } from '../templates/notification-data.ts';
import type { Rendering } from '../templates/notification-templates.ts';
import type { Integration, Notification, SendOutcome } from './integration.ts';
import type { ReceiverDeps } from './receiver-deps.ts';
import { clientSecrets, SecretsInUse } from './secrets.ts';

export interface ReceiverRequest {
  readonly url: string;
  /** POST unless given. */
  readonly method?: 'POST' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly body: string;
}

export interface ReceiverAnswer {
  readonly status: number;
  readonly contentType: string;
  /** Of the header Retry-After. */
  readonly afterMs: number | undefined;
  /** undefined where it could not be read, or is longer than 64 KiB. */
  readonly body: string | undefined;
}

/** One kind of receiver. */
export interface ReceiverProtocol {
  readonly kind: string;
  readonly sendsResolved: boolean;
  readonly http: HttpClientConfig;
  /** 0: none but the caller's. */
  readonly timeoutMs: number;
  /** Sent one after the other, the next when the one before was taken.
   *  @throws {TemplateError} a template fails
   *  @throws {VigieError} RECEIVER_UNUSABLE; FILE_UNREADABLE or SECRET_EMPTY, of a secret's file */
  readonly requests: (
    notification: Notification,
    rendering: Rendering,
    secrets: SecretsInUse,
  ) => readonly ReceiverRequest[];
  readonly judge: (answer: ReceiverAnswer, notification: Notification) => SendOutcome;
}

const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_SHOWN_LENGTH = 300;
const SENT: SendOutcome = { kind: 'sent' };

/** @param id as the notification log names it */
export function httpIntegration(id: string, protocol: ReceiverProtocol, deps: ReceiverDeps): Integration {
  const { clock, env, userAgent, templates, externalUrl } = deps;
  const client = new HttpClient(protocol.http, { clock, env, userAgent });
  const hideClientSecrets = clientSecrets(protocol.http, clock);
  return {
    id,
    kind: protocol.kind,
    sendsResolved: protocol.sendsResolved,
    async send(asked, signal, onExchange) {
      const notification = wanted(asked, protocol.sendsResolved);
      if (notification === undefined) return SENT;
      const secrets = new SecretsInUse();
      const cleared = (outcome: SendOutcome): SendOutcome =>
        outcome.kind === 'sent' ? outcome : { ...outcome, reason: secrets.clear(outcome.reason) };
      const requests = prepared(() => {
        hideClientSecrets(secrets);
        const rendering = templates.render(notificationData(notification, externalUrl));
        return protocol.requests(notification, rendering, secrets);
      });
      if ('kind' in requests) return cleared(requests);
      let outcome: SendOutcome = SENT;
      for (const request of requests.value) {
        const answer = await ask(client, request, protocol, clock, signal);
        const hasAnswer = !('kind' in answer);
        // What fails at once has no URL that it could be sent to.
        if (hasAnswer || answer.kind === 'retry')
          onExchange?.({ body: request.body, status: hasAnswer ? answer.status : undefined });
        outcome = 'kind' in answer ? answer : protocol.judge(answer, notification);
        if (outcome.kind !== 'sent') break;
      }
      return cleared(outcome);
    },
  };
}

/** What a receiver hears of: without resolved alerts where it does not want them.
 *  @returns undefined where nothing is left */
export function wanted(notification: Notification, sendsResolved: boolean): Notification | undefined {
  if (sendsResolved) return notification;
  const alerts = notification.alerts.filter((alert) => !isResolved(alert, notification.timeMs));
  return alerts.length === 0 ? undefined : { ...notification, alerts };
}

/** What is made of a notification, or why nothing can be.
 *  @throws what is no failure of a template, a secret or a receiver's configuration */
export function prepared<T>(make: () => T): { readonly value: T } | SendOutcome {
  try {
    return { value: make() };
  } catch (error) {
    const code = errorCode(error);
    const reason = describeError(error);
    // The file of a secret may be in the middle of being replaced.
    if (code === 'FILE_UNREADABLE' || code === 'SECRET_EMPTY') return { kind: 'retry', reason, afterMs: undefined };
    if (code?.startsWith('TEMPLATE_') === true || code === 'RECEIVER_UNUSABLE') return { kind: 'failed', reason };
    throw error;
  }
}

async function ask(
  client: HttpClient,
  request: ReceiverRequest,
  { kind, timeoutMs }: ReceiverProtocol,
  clock: Clock,
  signal: AbortSignal,
): Promise<ReceiverAnswer | SendOutcome> {
  if (!/^https?:/i.test(request.url) || !URL.canParse(request.url)) {
    return { kind: 'failed', reason: 'what should be a URL of http or https is none' };
  }
  const shown = formatGoDuration(BigInt(Math.round(timeoutMs * 1e6)));
  const late = `configured ${kind} timeout reached (${shown})`;
  const deadline = startDeadline(signal, clock, timeoutMs || undefined, late);
  try {
    const response = await client.open(
      {
        url: new URL(request.url),
        method: request.method ?? 'POST',
        headers: { 'content-type': request.contentType, ...request.headers },
        body: request.body,
        followsRedirects: true,
      },
      deadline.signal,
    );
    const retryAfter = response.headers['retry-after'];
    return {
      status: response.statusCode ?? 0,
      contentType: response.headers['content-type'] ?? '',
      afterMs: parseRetryAfter(retryAfter, clock.nowMs()),
      body: await bodyOf(response),
    };
  } catch (error) {
    const cause = deadline.signal.aborted ? deadline.signal.reason : error;
    return { kind: 'retry', reason: describeError(cause), afterMs: undefined };
  } finally {
    deadline.cancel();
  }
}

async function bodyOf(response: Parameters<typeof readBody>[0]): Promise<string | undefined> {
  try {
    return (await readBody(response, MAX_ANSWER_BYTES)).toString();
  } catch {
    // The answer's head has said what there is to know.
    return undefined;
  }
}

/** 2xx is success; 5xx, 429 and `retried` are tried again; what else there is stays as it is.
 *  @param details in place of the answer's body in what is said of it */
export function judgeByStatus(
  answer: ReceiverAnswer,
  retried: readonly number[] = [],
  details: string = answer.body ?? '',
): SendOutcome {
  const { status, afterMs } = answer;
  if (status >= 200 && status < 300) return SENT;
  const said = shortened(details);
  const reason = `unexpected status code ${status}${said === '' ? '' : `: ${said}`}`;
  const isRetried = status >= 500 || status === 429 || retried.includes(status);
  return isRetried ? { kind: 'retry', reason, afterMs } : { kind: 'failed', reason };
}

/** What a server says may be a page, or quote what it was sent. */
export function shortened(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ');
  return line.length > MAX_SHOWN_LENGTH ? `${line.slice(0, MAX_SHOWN_LENGTH)}…` : line;
}
