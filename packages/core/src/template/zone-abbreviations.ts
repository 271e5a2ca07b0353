/** Abbreviations of time zones that Node's ICU writes as an offset, or otherwise than the time zone database does, which Go reads.
 *  Source: tz database 2026. */

/** The offset in minutes, and zones that have it by this name; '' where they have none. */
const WRITTEN: readonly (readonly [abbreviation: string, offset: number, zones: string])[] = [
  ['CST', 480, 'Asia/Shanghai Asia/Macau Asia/Taipei PRC'],
  ['HKT', 480, 'Asia/Hong_Kong Hongkong'],
  ['PST', 480, 'Asia/Manila'],
  ['WITA', 480, 'Asia/Makassar'],
  ['KST', 540, 'Asia/Seoul Asia/Pyongyang ROK'],
  ['WIT', 540, 'Asia/Jayapura'],
  ['WIB', 420, 'Asia/Jakarta Asia/Pontianak'],
  ['PKT', 300, 'Asia/Karachi'],
  ['MSK', 180, 'Europe/Moscow Europe/Kirov Europe/Simferopol Europe/Volgograd W-SU'],
  ['IST', 120, 'Asia/Jerusalem Asia/Tel_Aviv Israel'],
  ['IDT', 180, 'Asia/Jerusalem Asia/Tel_Aviv Israel'],
  ['BST', 60, 'Europe/Guernsey Europe/Isle_of_Man Europe/Jersey'],
  ['IST', 60, 'Europe/Dublin'],
  ['MET', 60, 'MET'],
  ['MEST', 120, 'MET'],
  ['GMT', 0, 'GMT'],
  ['CST', -300, 'America/Havana'],
  ['CDT', -240, 'America/Havana'],
  ['MST', -420, 'America/Dawson America/Hermosillo America/Mazatlan America/Whitehorse'],
  ['HST', -600, 'America/Adak'],
  ['HDT', -540, 'America/Adak'],
  ['SST', -660, 'Pacific/Midway Pacific/Pago_Pago'],
  ['ChST', 600, 'Pacific/Guam Pacific/Saipan'],
  ['', 240, 'Asia/Dubai Asia/Muscat'],
  ['', 330, 'Asia/Colombo'],
  ['', 0, 'Antarctica/Troll'],
  ['', 480, 'Antarctica/Casey'],
  ['', 525, 'Australia/Eucla'],
  ['', 630, 'Australia/Lord_Howe'],
  ['', 660, 'Australia/Lord_Howe'],
  ['', 765, 'Pacific/Chatham'],
  ['', 825, 'Pacific/Chatham'],
  ['', -180, 'America/Miquelon'],
  ['', -120, 'America/Miquelon'],
];

const BY_ZONE: ReadonlyMap<string, string> = new Map(
  WRITTEN.flatMap(([abbreviation, offset, zones]) =>
    zones.split(' ').map((zone) => [`${zone} ${offset}`, abbreviation] as const),
  ),
);

/** @returns undefined where ICU's is the one; '' where it has none */
export function writtenAbbreviation(zone: string, offsetSeconds: number): string | undefined {
  return BY_ZONE.get(`${zone} ${offsetSeconds / 60}`);
}
