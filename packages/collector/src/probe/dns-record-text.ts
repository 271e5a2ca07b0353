/** Records as zone files write them, which a module's patterns are held against. Source: RFC 1035, section 5; RFC 3597; github.com/miekg/dns,
 *  whose spacing patterns may rely on. */
import type { DnsRecord } from './dns-message.ts';
import { readName } from './dns-message.ts';
import { RECORD_TYPES, recordClassName, recordTypeName } from './dns-names.ts';

/** `example.com.\t300\tIN\tA\t192.0.2.1` */
export function recordText(record: DnsRecord, message: Buffer): string {
  const { name, ttl, type } = record;
  return `${name}\t${ttl}\t${recordClassName(record.class)}\t${recordTypeName(type)}\t${dataText(record, message)}`;
}

/** @returns undefined where the record is none of a zone's start */
export function serialOf({ type, start }: DnsRecord, message: Buffer): number | undefined {
  if (type !== RECORD_TYPES.SOA) return undefined;
  return message.readUInt32BE(readName(message, readName(message, start).next).next);
}

function dataText({ type, start, end }: DnsRecord, message: Buffer): string {
  const data = message.subarray(start, end);
  const number = (offset: number): number => data.readUInt16BE(offset);
  const name = (offset: number): string => readName(message, start + offset).name;
  try {
    switch (type) {
      case RECORD_TYPES.A:
        return data.length === 4 ? [...data].join('.') : unknown(data);
      case RECORD_TYPES.AAAA:
        return data.length === 16 ? ipv6Text(data) : unknown(data);
      case RECORD_TYPES.NS:
      case RECORD_TYPES.CNAME:
      case RECORD_TYPES.PTR:
      case RECORD_TYPES.DNAME:
        return name(0);
      case RECORD_TYPES.MX:
      case RECORD_TYPES.AFSDB:
        return `${number(0)} ${name(2)}`;
      case RECORD_TYPES.SRV:
        return `${number(0)} ${number(2)} ${number(4)} ${name(6)}`;
      case RECORD_TYPES.TXT:
      case RECORD_TYPES.SPF:
      case RECORD_TYPES.HINFO:
        return strings(data).map(quoted).join(' ');
      case RECORD_TYPES.SOA:
        return startOfZone(message, start);
      case RECORD_TYPES.CAA: {
        const tag = data.subarray(2, 2 + data.readUInt8(1));
        return `${data.readUInt8(0)} ${tag.toString('latin1')} ${quoted(data.subarray(2 + tag.length))}`;
      }
      case RECORD_TYPES.DS:
      case RECORD_TYPES.CDS:
        return `${number(0)} ${data.readUInt8(2)} ${data.readUInt8(3)} ${hex(data.subarray(4)).toUpperCase()}`;
      case RECORD_TYPES.DNSKEY:
      case RECORD_TYPES.CDNSKEY:
        return `${number(0)} ${data.readUInt8(2)} ${data.readUInt8(3)} ${data.toString('base64', 4)}`;
      case RECORD_TYPES.TLSA:
      case RECORD_TYPES.SMIMEA:
        return `${data.readUInt8(0)} ${data.readUInt8(1)} ${data.readUInt8(2)} ${hex(data.subarray(3))}`;
      case RECORD_TYPES.SSHFP:
        return `${data.readUInt8(0)} ${data.readUInt8(1)} ${hex(data.subarray(2)).toUpperCase()}`;
      default:
        return unknown(data);
    }
  } catch {
    // Data that are not what their type says are shown as what they are.
    return unknown(data);
  }
}

function startOfZone(message: Buffer, start: number): string {
  const server = readName(message, start);
  const mailbox = readName(message, server.next);
  const numbers = [0, 4, 8, 12, 16].map((offset) => message.readUInt32BE(mailbox.next + offset));
  return `${server.name} ${mailbox.name} ${numbers.join(' ')}`;
}

function strings(data: Buffer): readonly Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < data.length; at += 1 + data.readUInt8(at)) {
    found.push(data.subarray(at + 1, at + 1 + data.readUInt8(at)));
  }
  return found;
}

function quoted(bytes: Buffer): string {
  const escaped = Array.from(bytes, (byte) => {
    if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
    return byte < 0x20 || byte > 0x7e ? `\\${String(byte).padStart(3, '0')}` : String.fromCharCode(byte);
  });
  return `"${escaped.join('')}"`;
}

/** With the longest run of zeros left out, RFC 5952. */
function ipv6Text(data: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => data.readUInt16BE(2 * index).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

function unknown(data: Buffer): string {
  return data.length === 0 ? '\\# 0' : `\\# ${data.length} ${hex(data)}`;
}

function hex(data: Buffer): string {
  return data.toString('hex');
}
