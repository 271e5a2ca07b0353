/** Names of labels, from those of OpenTelemetry's attributes. Source: prometheus/otlptranslator v1.0.0, label_namer.go and strconv.go. */

export interface LabelStyle {
  readonly isEscaped: boolean;
  /** `_x` becomes `key_x`. */
  readonly hasKeyPrefix: boolean;
  /** Underscores that follow one another stay as many. */
  readonly keepsUnderscores: boolean;
}

/** Attributes have few names; a sender that makes them up is not remembered for ever. */
const MAX_REMEMBERED = 4_096;

export class LabelNames {
  readonly #style: LabelStyle;
  readonly #known = new Map<string, string | undefined>();

  constructor(style: LabelStyle) {
    this.#style = style;
  }

  /** @returns undefined where nothing is left of the name */
  of(attribute: string): string | undefined {
    if (this.#known.has(attribute)) return this.#known.get(attribute);
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    const name = labelName(attribute, this.#style);
    this.#known.set(attribute, name);
    return name;
  }
}

export function labelName(attribute: string, style: LabelStyle): string | undefined {
  const name = style.isEscaped ? escaped(attribute, style) : attribute;
  return /^_*$/.test(name) ? undefined : name;
}

function escaped(attribute: string, { hasKeyPrefix, keepsUnderscores }: LabelStyle): string {
  const name = keepsUnderscores ? attribute.replace(/[^a-zA-Z0-9]/gu, '_') : collapsed(attribute);
  if (/^\d/.test(name)) return `key_${name}`;
  return hasKeyPrefix && /^_(?!_)/.test(name) ? `key${name}` : name;
}

/** Names between double underscores are reserved, and keep those. */
function collapsed(attribute: string): string {
  const reserved = /^__([\s\S]*)__$/.exec(attribute)?.[1];
  const name = (reserved ?? attribute).replace(/[^a-zA-Z0-9]+/gu, '_');
  return reserved === undefined ? name : `__${name}__`;
}
