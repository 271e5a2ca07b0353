/** Escapes what templates write into HTML by where it stands. Source: Go 1.26, html/template: html.go, url.go, css.go, escape.go. Values in
 *  scripts, which a mail does not run, are refused; those in styles are taken only where they are plain. */
import { assertNever } from '@vigie/core/errors';
import type { Escaping } from '@vigie/core/template/execute';
import { TemplateFunctionError } from '@vigie/core/template/template-error';
import { GoStruct, type Value } from '@vigie/core/template/values';
import { attributeKind, HtmlContext, type Place } from './html-context.ts';

/** What stands in place of a value that may not stand there. */
const FAILSAFE = 'ZgotmplZ';

/** @returns for one document */
export function htmlEscaping(): Escaping {
  const context = new HtmlContext();
  return {
    text: (source) => context.text(source),
    value: (value, printed, last) => escapeAt(context.place(), { text: printed, type: typeOfSafe(value), last }),
  };
}

interface Written {
  readonly text: string;
  /** What the template says that it is safe as. */
  readonly type: 'html' | 'url' | undefined;
  readonly last: string | undefined;
}

function typeOfSafe(value: Value): Written['type'] {
  if (!(value instanceof GoStruct)) return undefined;
  return value.typeName === 'template.HTML' ? 'html' : value.typeName === 'template.URL' ? 'url' : undefined;
}

function escapeAt(place: Place, written: Written): string {
  const { text, type, last } = written;
  switch (place.kind) {
    case 'text':
      return type === 'html' || last === 'html' ? text : replaced(text, HTML);
    case 'rcdata':
      if (last === 'html') return text;
      return replaced(text, type === 'html' ? NORMALIZED : HTML);
    case 'comment':
      return '';
    case 'name':
      return nameOf(text);
    case 'style':
      return plainStyle(text);
    case 'script':
      throw scriptRefused();
    case 'attribute':
      return escapeAttribute(place, written);
    default:
      return assertNever(place);
  }
}

function escapeAttribute(place: Extract<Place, { kind: 'attribute' }>, written: Written): string {
  const { attribute, quoted, urlPart } = place;
  if (attribute === 'script') throw scriptRefused();
  const { type, last } = written;
  const text =
    attribute === 'url'
      ? escapeUrl(written, urlPart)
      : attribute === 'style'
        ? plainStyle(written.text)
        : type === 'html'
          ? written.text.replace(/<!--[\s\S]*?-->|<\/?[a-zA-Z][^>]*>/g, '')
          : written.text;
  if (!quoted) return text === '' ? FAILSAFE : replaced(text, type === 'html' ? UNQUOTED_NORMALIZED : UNQUOTED);
  if (last === 'html') return text;
  return replaced(text, type === 'html' ? NORMALIZED : HTML);
}

function escapeUrl({ text, type, last }: Written, urlPart: 'none' | 'path' | 'query'): string {
  if (urlPart === 'query') return last === 'urlquery' ? text : percentEncoded(text, type === 'url');
  const filtered = urlPart === 'none' && type !== 'url' && !isSafeUrl(text) ? `#${FAILSAFE}` : text;
  return last === 'urlquery' ? filtered : percentEncoded(filtered, true);
}

/** One of http, https or mailto, or without a scheme. */
function isSafeUrl(text: string): boolean {
  const scheme = /^([^:]*):/.exec(text)?.[1];
  return scheme === undefined || scheme.includes('/') || /^(?:https?|mailto)$/i.test(scheme);
}

/** @param normalizes what is a URL already: its delimiters and escapes stay */
function percentEncoded(text: string, normalizes: boolean): string {
  const bytes = Buffer.from(text).toString('latin1');
  const kept = normalizes ? /[^A-Za-z0-9\-._~!#$&*+,/:;=?@[\]%]|%(?![0-9a-fA-F]{2})/g : /[^A-Za-z0-9\-._~]/g;
  return bytes.replace(kept, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** The name of an attribute that holds no URL, style or script. */
function nameOf(text: string): string {
  const name = text.toLowerCase();
  return /^[a-z0-9]+$/.test(name) && attributeKind(name) === 'plain' ? name : FAILSAFE;
}

/** A number, a colour, a keyword: nothing that ends a value or runs. */
function plainStyle(text: string): string {
  const isPlain = /^[^\0"'()/;@[\\\]`{}<>]*$/.test(text) && !text.includes('--');
  return isPlain && !/expression|mozbinding/i.test(text.replace(/[^\w-]/g, '')) ? text : FAILSAFE;
}

function scriptRefused(): TemplateFunctionError {
  return new TemplateFunctionError(
    'a value in a script, where Vigie writes none: leave it out, mail does not run scripts',
  );
}

type Replacements = Readonly<Record<string, string>>;

const NORMALIZED: Replacements = {
  '\0': '\ufffd',
  '"': '&#34;',
  "'": '&#39;',
  '+': '&#43;',
  '<': '&lt;',
  '>': '&gt;',
};
const HTML: Replacements = { ...NORMALIZED, '&': '&amp;' };
const UNQUOTED_NORMALIZED: Replacements = {
  ...NORMALIZED,
  '\0': '&#xfffd;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\v': '&#11;',
  '\f': '&#12;',
  '\r': '&#13;',
  ' ': '&#32;',
  '=': '&#61;',
  '`': '&#96;',
};
const UNQUOTED: Replacements = { ...UNQUOTED_NORMALIZED, '&': '&amp;' };

function replaced(text: string, replacements: Replacements): string {
  return text.replace(/[\0\t\n\v\f\r "&'+<=>`]/g, (character) => replacements[character] ?? character);
}
