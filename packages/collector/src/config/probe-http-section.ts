/** `http` of a module of blackbox.yml. Source: blackbox_exporter, config/config.go and CONFIGURATION.md. */
import { resolve } from 'node:path';
import { parsed, refused, section } from '@vigie/core/config/fields';
import type { ReadContext } from '@vigie/core/config/findings';
import { httpClientEntries, readHttpClient } from '@vigie/core/config/http-client-section';
import type { ConfigPath } from '@vigie/core/config/problem';
import { flag, optionalFlag, optionalText, textList, textMap, textOr } from '@vigie/core/config/written-fields';
import * as v from 'valibot';
import { COMPRESSIONS, type Compression, type HttpModule } from '../probe/probe-module.ts';
import { addressChoice, addressEntries, regex, regexes } from './probe-fields.ts';
import { base2Size } from './written-fields.ts';

const headerMatch = section({
  header: v.pipe(v.string(), v.nonEmpty('the name of a header')),
  regexp: regex,
  allow_missing: flag(false),
});

const NO_CEL = 'fail_if_body_matches_regexp or fail_if_body_not_matches_regexp: Vigie does not evaluate CEL';

export const httpSection = section({
  ...addressEntries,
  ...httpClientEntries(),
  skip_resolve_phase_with_proxy: flag(false),
  no_follow_redirects: optionalFlag,
  valid_status_codes: v.nullish(
    v.array(parsed('a status of HTTP', (written) => (/^[1-9]\d\d$/.test(written) ? Number(written) : undefined))),
    [],
  ),
  valid_http_versions: textList,
  fail_if_ssl: flag(false),
  fail_if_not_ssl: flag(false),
  method: textOr('GET'),
  headers: textMap,
  fail_if_body_matches_regexp: regexes,
  fail_if_body_not_matches_regexp: regexes,
  fail_if_body_json_matches_cel: refused(NO_CEL),
  fail_if_body_json_not_matches_cel: refused(NO_CEL),
  fail_if_header_matches: v.nullish(v.array(headerMatch), []),
  fail_if_header_not_matches: v.nullish(v.array(headerMatch), []),
  body: optionalText,
  body_file: optionalText,
  compression: v.nullish(v.picklist([...COMPRESSIONS, '']), ''),
  body_size_limit: base2Size,
});

type WrittenHttp = v.InferOutput<typeof httpSection>;
const EMPTY_HTTP: WrittenHttp = v.parse(httpSection, {});

/** @param section nothing: the defaults */
export function readHttp(section: WrittenHttp | null | undefined, path: ConfigPath, context: ReadContext): HttpModule {
  const written = section ?? EMPTY_HTTP;
  const { findings, folder } = context;
  const { no_follow_redirects: doesNotFollow, body, body_file, headers, compression } = written;
  if (body !== '' && body_file !== '')
    findings.problemAtKey([...path, 'body_file'], 'at most one of body and body_file');
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name))
      findings.problemAtKey([...path, 'headers', name], 'the name of a header');
    if (name.toLowerCase() === 'accept-encoding' && compression !== '' && !accepts(value, compression))
      findings.problem([...path, 'headers', name], `encodings with ${compression} among them, as compression says`);
  }
  const client = readHttpClient(written, path, context);
  return {
    address: addressChoice(written),
    skipResolveWithProxy: written.skip_resolve_phase_with_proxy,
    method: written.method || 'GET',
    headers,
    body: body !== '' ? { text: body } : body_file !== '' ? { file: resolve(folder, body_file) } : undefined,
    validStatusCodes: written.valid_status_codes,
    validHttpVersions: written.valid_http_versions,
    failIfSsl: written.fail_if_ssl,
    failIfNotSsl: written.fail_if_not_ssl,
    failIfBodyMatches: written.fail_if_body_matches_regexp,
    failIfBodyNotMatches: written.fail_if_body_not_matches_regexp,
    failIfHeaderMatches: written.fail_if_header_matches.map(toHeaderMatch),
    failIfHeaderNotMatches: written.fail_if_header_not_matches.map(toHeaderMatch),
    compression: compression || undefined,
    bodySizeLimit: written.body_size_limit || undefined,
    client: doesNotFollow == null ? client : { ...client, followRedirects: !doesNotFollow },
  };
}

function toHeaderMatch({ header, regexp, allow_missing }: v.InferOutput<typeof headerMatch>) {
  return { header, regex: regexp, allowMissing: allow_missing };
}

/** Whether a server that keeps to Accept-Encoding may answer in it. */
function accepts(acceptEncoding: string, compression: Compression): boolean {
  const offers = acceptEncoding.split(',').map((offer) => {
    const [name = '', quality = ''] = offer.split(';').map((part) => part.trim().toLowerCase());
    return { name, isRefused: /^q=0(?:\.0*)?$/.test(quality) };
  });
  const offer = offers.find(({ name }) => name === compression) ?? offers.find(({ name }) => name === '*');
  return offer === undefined ? compression === 'identity' : !offer.isRefused;
}
