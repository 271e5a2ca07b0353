/** Links of an alert: to its runbook, dashboard and logs, and to a silence that is filled in. */
import { errorCode } from '@vigie/core/errors';
import { Template } from '@vigie/core/template';
import { goTime } from '@vigie/core/template/go-time';
import { GoStruct, type Value } from '@vigie/core/template/values';
import type { LabelSet } from '@vigie/promql/labels/label-set';
import type { Alert } from '../dispatch/alert.ts';
import { KeyValues } from '../templates/key-values.ts';
import { templateFunctions } from '../templates/template-functions.ts';

/** Longer ones are cut off by mail clients and chats. */
const MAX_URL_LENGTH = 4000;

/** @param text a template over one alert
 *  @throws {TemplateError} TEMPLATE_INVALID */
export function linkTemplate(text: string, nowMs: () => number = () => 0): Template {
  const functions = templateFunctions(nowMs, () => '');
  return new Template('link', { functions, missingKey: 'zero' }).parse(text);
}

/** @param externalUrl of the service
 *  @returns undefined where the template gives no URL of http or https, or fails */
export function linkOf(template: Template, alert: Alert, externalUrl: string): string | undefined {
  let url: string;
  try {
    url = template.execute(dotOf(alert, externalUrl)).trim();
  } catch (error) {
    if (errorCode(error)?.startsWith('TEMPLATE_') === true) return undefined;
    throw error;
  }
  const isLink = /^https?:\/\//i.test(url) && URL.canParse(url) && url.length <= MAX_URL_LENGTH && !/\s/.test(url);
  return isLink ? url : undefined;
}

function dotOf({ labels, annotations, startsAtMs, generatorUrl, fingerprint }: Alert, externalUrl: string): Value {
  return new GoStruct(
    'template.Alert',
    new Map<string, Value>([
      ['Labels', keyValues(labels)],
      ['Annotations', keyValues(annotations)],
      ['StartsAt', goTime(BigInt(Math.round(startsAtMs)) * 1_000_000n)],
      ['GeneratorURL', generatorUrl],
      ['Fingerprint', fingerprint],
      ['ExternalURL', externalUrl],
    ]),
  );
}

function keyValues(labels: LabelSet): KeyValues {
  return new KeyValues(new Map(labels.entries()));
}
