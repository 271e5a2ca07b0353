import type { Clock } from '@vigie/core/clock';
import type { Random } from '@vigie/core/random';
import type { NotificationTemplates } from '../templates/notification-templates.ts';

/** What receivers are sent with. */
export interface ReceiverDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** For proxies that a configuration takes from it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `vigie/1.2.3` */
  readonly userAgent: string;
  readonly templates: NotificationTemplates;
  /** Under which users reach the alerting service. */
  readonly externalUrl: string;
  /** Of this machine, in names of messages. */
  readonly hostname: string;
}
