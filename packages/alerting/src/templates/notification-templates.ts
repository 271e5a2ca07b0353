/** The templates of a configuration: those that Alertmanager ships, those of its files, and the texts of receivers. */
import { errorCode } from '@vigie/core/errors';
import { Template } from '@vigie/core/template';
import type { ExecutionLimits } from '@vigie/core/template/execute';
import { TemplateFunctionError } from '@vigie/core/template/template-error';
import type { FunctionMap, Value } from '@vigie/core/template/values';
import { DEFAULT_TEMPLATE } from './default-template.ts';
import { EMAIL_TEMPLATE } from './email-template.ts';
import { htmlEscaping } from './html-escaping.ts';
import { dataValue, type NotificationData } from './notification-data.ts';
import { templateFunctions } from './template-functions.ts';

/** A mail of 10,000 alerts with five labels each stays below: 24 MiB and a million steps. */
const LIMITS: ExecutionLimits = { outputBytes: 64 * 1024 ** 2, depth: 200, steps: 5_000_000 };
/** Of texts that are kept parsed: those of a configuration are a few hundred, payloads from files may change. */
const MAX_TEXTS = 2_000;

/** Expands texts for one notification.
 *  @throws {TemplateError} */
export interface Rendering {
  /** Of the notification, labels of its route expanded. */
  readonly data: NotificationData;
  readonly text: (source: string) => string;
  /** With values escaped for HTML. */
  readonly html: (source: string) => string;
}

export class NotificationTemplates {
  readonly #nowMs: () => number;
  readonly #shared: Template;
  readonly #texts = new Map<string, Template>();

  /** @param nowMs what templates are told is now
   *  @param more in place of those that Alertmanager ships, where the names are the same */
  constructor(nowMs: () => number, more: readonly string[] = []) {
    this.#nowMs = nowMs;
    const functions = templateFunctions(nowMs, () => '');
    this.#shared = new Template('', { functions, missingKey: 'zero', limits: LIMITS });
    for (const source of [DEFAULT_TEMPLATE, EMAIL_TEMPLATE, ...more]) this.#shared.parse(source);
  }

  /** Adds what a file defines, in place of what there was of the same names.
   *  @param name what errors call it
   *  @throws {TemplateError} TEMPLATE_INVALID */
  addFile(source: string, name: string): void {
    this.#shared.parse(source, name);
    this.#texts.clear();
  }

  render(data: NotificationData): Rendering {
    const expanded: NotificationData = { ...data, routeLabels: this.#expandRouteLabels(data) };
    // Of thousands of alerts it takes longer than to send them, and many texts have no template in them.
    let value: Value;
    const dotOf = (): Value => (value ??= dataValue(expanded));
    const functions = templateFunctions(this.#nowMs, (name) => expanded.routeLabels.get(name) ?? '');
    return {
      data: expanded,
      text: (source) => this.#execute(source, dotOf, functions, false),
      html: (source) => this.#execute(source, dotOf, functions, true),
    };
  }

  #execute(source: string, dotOf: () => Value, functions: FunctionMap, escapes: boolean): string {
    if (source === '') return '';
    if (!source.includes('{{') && !escapes) return source;
    return this.#parsed(source).execute(dotOf(), functions, undefined, escapes ? htmlEscaping() : undefined);
  }

  #parsed(source: string): Template {
    const known = this.#texts.get(source);
    if (known !== undefined) return known;
    const template = this.#shared.clone().parse(source);
    if (this.#texts.size >= MAX_TEXTS) this.#texts.clear();
    this.#texts.set(source, template);
    return template;
  }

  /** Labels of a route are templates too, and may name one another. One that fails is left out, as Alertmanager does: it is to keep no
   *  notification back. */
  #expandRouteLabels(data: NotificationData): ReadonlyMap<string, string> {
    const { routeLabels } = data;
    if (!Array.from(routeLabels.values()).some((text) => text.includes('{{'))) return routeLabels;
    // By the group, whatever it is told for: Alertmanager expands them before it knows.
    const value = dataValue({ ...data, notificationReason: 'unknown' });
    const dotOf = (): Value => value;
    const expanded = new Map<string, string>();
    const open: string[] = [];
    const expand = (name: string): string => {
      const known = expanded.get(name);
      if (known !== undefined) return known;
      if (open.includes(name)) {
        throw new TemplateFunctionError(`route label cycle detected: ${[...open, name].join(' -> ')}`);
      }
      open.push(name);
      try {
        const text = this.#execute(routeLabels.get(name) ?? '', dotOf, functions, false);
        expanded.set(name, text);
        return text;
      } finally {
        open.pop();
      }
    };
    const functions = templateFunctions(this.#nowMs, expand);
    const kept = Array.from(routeLabels.keys()).flatMap((name) => {
      const text = attempt(() => expand(name));
      return text === undefined ? [] : [[name, text] as const];
    });
    return new Map(kept);
  }
}

/** @returns undefined where a template fails */
function attempt(expand: () => string): string | undefined {
  try {
    return expand();
  } catch (error) {
    if (errorCode(error)?.startsWith('TEMPLATE_') === true) return undefined;
    throw error;
  }
}
