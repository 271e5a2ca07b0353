/** Templates are expanded as Alertmanager 0.34 expands them: testdata/alertmanager has what it makes of each. */
import { errorCode } from '@vigie/core/errors';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { notificationData } from '../../src/templates/notification-data.ts';
import { NotificationTemplates } from '../../src/templates/notification-templates.ts';
import { CASES, notificationOf, readTestdata } from './notifications.ts';

const rowSchema = v.object({
  data: v.string(),
  source: v.string(),
  text: v.optional(v.string()),
  textError: v.optional(v.string()),
  html: v.optional(v.string()),
  htmlError: v.optional(v.string()),
});

const rows = readTestdata('templates.jsonl')
  .trimEnd()
  .split('\n')
  .map((line) => v.parse(rowSchema, JSON.parse(line)));
const templates = new NotificationTemplates(() => 0);

interface Expanded {
  readonly text?: string;
  readonly error?: string;
}

function expand(data: string, source: string, form: 'text' | 'html'): Expanded {
  try {
    return { text: templates.render(notificationData(notificationOf(data), CASES.externalURL))[form](source) };
  } catch (error) {
    if (errorCode(error)?.startsWith('TEMPLATE_') !== true) throw error;
    return { error: error instanceof Error ? error.message : '' };
  }
}

/** Without what functions say of bad patterns and bad base64, which is worded otherwise. */
function goWords(error = ''): string {
  return error.replace(/(error calling (?:match|base64decode): ).*/, '$1');
}

describe('notification templates', () => {
  it('cover every case', () => {
    expect(rows.map(({ data, source }) => ({ data, source }))).toEqual(CASES.templates);
  });

  it.each(rows)('$source ($data)', ({ data, source, text, textError, html, htmlError }) => {
    const asText = expand(data, source, 'text');
    if (textError === undefined) expect(asText).toEqual({ text });
    else expect(goWords(asText.error)).toBe(goWords(textError));
    const asHtml = expand(data, source, 'html');
    // html/template's own errors say where in a document something is wrong, before it runs.
    if (htmlError === undefined) expect(asHtml).toEqual({ text: html });
    else expect(asHtml.error).toBeDefined();
  });
});
