/** Where in an HTML document a template writes: in text, in an attribute, in a URL. It follows the document as it is written; html/template
 *  finds out the same before. Source: Go 1.26, html/template/transition.go, escape.go and attr.go. */

export type AttributeKind = 'plain' | 'url' | 'style' | 'script';

export type Place =
  | { readonly kind: 'text' | 'rcdata' | 'comment' | 'style' | 'script' | 'name' }
  | {
      readonly kind: 'attribute';
      readonly attribute: AttributeKind;
      readonly quoted: boolean;
      /** Of a URL, what stands before: nothing, its path, or a ? or #. */
      readonly urlPart: UrlPart;
    };

export type UrlPart = 'none' | 'path' | 'query';

type State =
  | ('text' | 'comment' | 'rcdata' | 'style' | 'script')
  | ('tag' | 'attribute name' | 'after name' | 'before value' | 'value');
type RawElement = 'title' | 'textarea' | 'style' | 'script';

const TAG = /<(?:!--|(\/?)([a-zA-Z][a-zA-Z0-9]*(?:[:-][a-zA-Z0-9]+)*))/g;
const RAW_ELEMENT = /^(?:title|textarea|style|script)$/;
const SPACE = /[ \t\n\f\r]*/y;
const NAME = /[^ \t\n\f\r=>]+/y;

export class HtmlContext {
  #state: State = 'text';
  /** Whose end tag is looked for, or whose start tag this is. */
  #element: RawElement | undefined;
  #attribute: AttributeKind = 'plain';
  #quote: '"' | "'" | undefined;
  #urlPart: UrlPart = 'none';

  /** Where a value stands that is written now. */
  place(): Place {
    this.#nudge();
    switch (this.#state) {
      case 'value':
        return {
          kind: 'attribute',
          attribute: this.#attribute,
          quoted: this.#quote !== undefined,
          urlPart: this.#urlPart,
        };
      case 'text':
      case 'rcdata':
      case 'comment':
      case 'style':
      case 'script':
        return { kind: this.#state };
      default:
        return { kind: 'name' };
    }
  }

  /** A part of the document that is the template's own.
   *  @returns it without comments, and with a < that begins no tag escaped */
  text(source: string): string {
    let written = '';
    let at = 0;
    while (at < source.length) {
      const state = this.#state;
      const end = this.#step(source, at);
      const part = source.slice(at, end);
      if (state === 'text' || state === 'rcdata') written += this.#escapeStray(part, state);
      else if (state !== 'comment') written += part;
      at = end;
    }
    return written;
  }

  /** A value makes of a place before an attribute's name or value one within it. */
  #nudge(): void {
    if (this.#state === 'tag' || this.#state === 'after name') this.#state = 'attribute name';
    else if (this.#state === 'before value') this.#beginValue(undefined);
  }

  /** @returns where the next step begins; the state is that of the next step */
  #step(source: string, at: number): number {
    switch (this.#state) {
      case 'text':
        return this.#inText(source, at);
      case 'rcdata':
      case 'style':
      case 'script':
        return this.#inRaw(source, at);
      case 'comment': {
        const end = source.indexOf('-->', at);
        if (end < 0) return source.length;
        this.#state = 'text';
        return end + 3;
      }
      case 'tag':
        return this.#inTag(source, at);
      case 'attribute name':
        this.#state = 'after name';
        return skip(NAME, source, at);
      case 'after name':
        return this.#afterName(source, at);
      case 'before value':
        return this.#beforeValue(source, at);
      case 'value':
        return this.#inValue(source, at);
    }
  }

  #inText(source: string, at: number): number {
    TAG.lastIndex = at;
    const match = TAG.exec(source);
    if (match === null) return source.length;
    const [whole, slash, name = ''] = match;
    if (whole === '<!--') this.#state = 'comment';
    else {
      const lower = name.toLowerCase();
      this.#state = 'tag';
      this.#attribute = 'plain';
      this.#element = slash === '' && isRawElement(lower) ? lower : undefined;
    }
    return match.index + whole.length;
  }

  #inRaw(source: string, at: number): number {
    const end = new RegExp(`</${this.#element ?? ''}(?=[> \\t\\n\\f/])`, 'gi');
    end.lastIndex = at;
    const match = end.exec(source);
    if (match === null) return source.length;
    this.#state = 'text';
    this.#element = undefined;
    return match.index;
  }

  #inTag(source: string, at: number): number {
    const start = skip(SPACE, source, at);
    if (start === source.length) return start;
    if (source[start] === '>') {
      this.#state = this.#element === undefined ? 'text' : contentOf(this.#element);
      return start + 1;
    }
    // A stray = would be no name, and no progress.
    const end = Math.max(start + 1, skip(NAME, source, start));
    this.#attribute = attributeKind(source.slice(start, end).toLowerCase());
    this.#state = end === source.length ? 'attribute name' : 'after name';
    return end;
  }

  #afterName(source: string, at: number): number {
    const start = skip(SPACE, source, at);
    if (start === source.length) return start;
    if (source[start] !== '=') {
      this.#state = 'tag';
      return start;
    }
    this.#state = 'before value';
    return start + 1;
  }

  #beforeValue(source: string, at: number): number {
    const start = skip(SPACE, source, at);
    if (start === source.length) return start;
    const first = source[start];
    const quote = first === '"' || first === "'" ? first : undefined;
    this.#beginValue(quote);
    return quote === undefined ? start : start + 1;
  }

  #beginValue(quote: '"' | "'" | undefined): void {
    this.#state = 'value';
    this.#quote = quote;
    this.#urlPart = 'none';
  }

  #inValue(source: string, at: number): number {
    const found =
      this.#quote === undefined ? source.slice(at).search(/[ \t\n\f\r>]/) : source.indexOf(this.#quote, at) - at;
    const end = found < 0 ? source.length : at + found;
    const part = source.slice(at, end);
    if (/[#?]/.test(part)) this.#urlPart = 'query';
    else if (/[^ \t\n\f\r]/.test(part) && this.#urlPart === 'none') this.#urlPart = 'path';
    if (found < 0) return end;
    this.#state = 'tag';
    this.#attribute = 'plain';
    return this.#quote === undefined ? end : end + 1;
  }

  /** @param state in which the part was read; what follows it may begin with its last < */
  #escapeStray(part: string, state: State): string {
    const isTag = this.#state === 'tag' || this.#state === 'comment';
    const tagAt = state === 'text' && isTag ? part.lastIndexOf('<') : part.length;
    const tag = this.#state === 'comment' && state === 'text' ? '' : part.slice(tagAt);
    return part.slice(0, tagAt).replace(/<(?!!doctype)/gi, '&lt;') + tag;
  }
}

function skip(pattern: RegExp, source: string, at: number): number {
  pattern.lastIndex = at;
  return at + (pattern.exec(source)?.[0].length ?? 0);
}

function isRawElement(name: string): name is RawElement {
  return RAW_ELEMENT.test(name);
}

function contentOf(element: RawElement): 'rcdata' | 'style' | 'script' {
  return element === 'style' || element === 'script' ? element : 'rcdata';
}

const URL_ATTRIBUTES: ReadonlySet<string> = new Set([
  ...['action', 'archive', 'background', 'cite', 'classid', 'codebase', 'data', 'formaction', 'href', 'icon'],
  ...['longdesc', 'manifest', 'poster', 'profile', 'src', 'srcset', 'usemap', 'xmlns'],
]);
/** Their names hold what others are known as URLs by. */
const PLAIN_ATTRIBUTES: ReadonlySet<string> = new Set(['srcdoc', 'srclang']);

/** @param name in small letters */
export function attributeKind(name: string): AttributeKind {
  const [prefix, ...local] = name.split(':');
  if (prefix === 'xmlns') return 'url';
  const known = name.startsWith('data-') ? name.slice(5) : local.length > 0 ? local.join(':') : name;
  if (URL_ATTRIBUTES.has(known)) return 'url';
  if (known === 'style') return 'style';
  if (PLAIN_ATTRIBUTES.has(known)) return 'plain';
  if (known.startsWith('on')) return 'script';
  return /src|uri|url/.test(known) ? 'url' : 'plain';
}
