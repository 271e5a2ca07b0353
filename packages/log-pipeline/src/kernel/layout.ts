/** Numbers that the TypeScript and the WebAssembly half of the kernel agree on. Both compile this very file
 *  (AssemblyScript reads each constant as i32), so it holds integer constants and nothing else. */

// The row table: one row per line, later per record. Every column is a u32 unless said; pointers are absolute.
export const ROW_BYTES = 48;
export const ROW_LINE_START = 0;
/** One past the line's newline, or past its last byte where it has none. */
export const ROW_LINE_END = 4;
export const ROW_TIME_START = 8;
export const ROW_TIME_LENGTH = 12;
export const ROW_MESSAGE_START = 16;
export const ROW_MESSAGE_LENGTH = 20;
export const ROW_FLAGS = 24;
/** Input bytes this record stands for: its line, or all the fragments that were joined, with their newlines. */
export const ROW_RAW_BYTES = 28;
/** f64: byte offset of the record's first byte in its generation. */
export const ROW_OFFSET = 32;
/** JSON members to splice in after the message: no leading comma, no newline byte inside. */
export const ROW_EXTRA_START = 40;
/** 0 = none. */
export const ROW_EXTRA_LENGTH = 44;

export const FLAG_STDERR = 1;
/** Not a whole record yet: a CRI line tagged P, a docker entry whose log does not end in a newline. */
export const FLAG_FRAGMENT = 2;
/** TRUNCATED, UNPARSED and PARTIAL are adjacent so that `(flags >> 2) & 7` picks one of a shape's eight tails. */
export const FLAG_TRUNCATED = 4;
export const FLAG_UNPARSED = 8;
export const FLAG_PARTIAL = 16;
/** A transform removed the record; encoding skips it. */
export const FLAG_DROPPED = 32;
/** The record is written without its message. */
export const FLAG_HIDE_MESSAGE = 64;
/** Five bits: the OpenTelemetry severity number, 1 to 24, or 0 where nothing has set it. */
export const FLAG_SEVERITY_SHIFT = 8;
/** Of the number itself, not of the flags. */
export const FLAG_SEVERITY_MASK = 31;
export const MAX_SEVERITY = 24;
export const TAIL_SHIFT = 2;
export const TAIL_MASK = 7;

/** Kernels load and store 16 bytes at a time: every region is followed by this much that nobody owns. */
export const SLACK_BYTES = 64;

// The state page, at the start of memory: results of the last call, then what one half needs for itself.
export const STATE_BYTES = 65536;
export const RESULT_CONSUMED_BYTES = 64;
export const RESULT_FRAGMENT_ROWS = 68;
export const RESULT_UNPARSED_ROWS = 72;
export const RESULT_RECORDS = 76;
export const RESULT_WRITTEN_BYTES = 80;

// The deflate stream being written; see twin/deflate.ts. Positions are f64 and count uncompressed bytes.
/** Grows over all streams of the kernel, by more than the window between two: what one stream wrote is out of reach of the
 *  next, and of a shape just loaded it is enough to say that it was last written at 0. */
export const DEFLATE_POSITION = 96;
export const DEFLATE_STREAM_START = 104;
/** The Adler-32 of the bytes up to the position: its two sums, u32 each. */
export const DEFLATE_ADLER_A = 112;
export const DEFLATE_ADLER_B = 116;

// A loaded JSON line shape: this descriptor, then its constants. A part is a pointer and a length.
export const SHAPE_SLOT_BYTES = 65536;
export const SHAPE_SLOTS = 8;
export const SHAPE_ID_KIND = 0;
/** Upper bound of the constant bytes in one record. */
export const SHAPE_RECORD_BYTES = 4;
export const SHAPE_HEAD = 8;
export const SHAPE_AFTER_ID = 16;
export const SHAPE_STDOUT = 24;
export const SHAPE_STDERR = 32;
export const SHAPE_STDOUT_BARE = 40;
export const SHAPE_STDERR_BARE = 48;
/** `beforeOffset` stands directly behind `afterMessage`, so that a record without extra members copies both as one. */
export const SHAPE_AFTER_MESSAGE = 56;
export const SHAPE_BEFORE_OFFSET = 64;
/** Eight parts, indexed by `(flags >> TAIL_SHIFT) & TAIL_MASK`. */
export const SHAPE_TAILS = 72;
/** f64: the position at which `beforeOffset` last began, and its two Adler-32 sums counted from 0, u32 each: set when it
 *  is first written literally. */
export const SHAPE_LAST_POSITION = 136;
export const SHAPE_SUM_A = 144;
export const SHAPE_SUM_B = 148;
/** One of TIME_. */
export const SHAPE_TIME_FORM = 152;
export const SHAPE_CONSTANTS = 192;

/** How a record's time is written: as it stands, RFC 3339, or as a number of seconds with nine decimals or of nanoseconds. */
export const TIME_AS_WRITTEN = 0;
export const TIME_UNIX_SECONDS = 1;
export const TIME_UNIX_NANOS = 2;
/** What a Unix time may take beside the bytes of the text it comes from: 12 digits, a point and 9 of a text that has 19 at
 *  least. Rounded up, and enough for a text that is none. */
export const UNIX_TIME_BYTES = 32;

export const ID_NONE = 0;
export const ID_OFFSET_HASH = 1;

/** One message byte becomes at most six (a control character as \u00xx; an invalid byte only three). */
export const ESCAPE_GROWTH = 6;
/** Beside constants, time, message and extra: 12 + 1 + 16 of the id, 16 offset digits (2^53 has them), one comma, and 32
 *  that stores of the last bytes may touch beyond them. Rounded up. */
export const RECORD_FIXED_BYTES = 80;

// Deflate by construction. Source of the format's numbers: RFC 1950, RFC 1951.
export const DEFLATE_WINDOW_BYTES = 32768;
/** What the length field of a stored block can say. */
export const STORED_BLOCK_BYTES = 65535;
export const STORED_HEADER_BYTES = 5;
/** A run of literal bytes this long is closed before the next record, so that only a record that is longer than the rest
 *  of a stored block has to be moved apart. */
export const LITERAL_RUN_BYTES = 32768;
/** Shorter constants stay literal: a reference costs two block headers, 12 bytes or so, and the time to make them. */
export const MIN_REFERENCE_BYTES = 24;
export const MAX_MATCH_BYTES = 258;
export const MIN_MATCH_BYTES = 3;
/** 78 01: deflate with a window of 32 KiB, fastest. */
export const DEFLATE_BEGIN_BYTES = 2;
/** An empty last block and the Adler-32. */
export const DEFLATE_END_BYTES = 9;
/** Beside what a record takes as JSON, and one header for each full stored block in it: five headers (25) for the runs it
 *  opens and splits, and the stream's end. Matches are shorter than what they stand for. Rounded up. */
export const DEFLATE_RECORD_BYTES = 64;

// The WebAssembly half's lookup tables, in the state page.
export const ESCAPE_TABLE = 4096;

// Scanning a JSON object. What `scanObject` returns: bits when it is one, else a negative number.
/** It cannot be spliced as it stands: a name twice in one object, a name with escapes, a newline between tokens, a lone
 *  surrogate escape, ill-formed UTF-8, or more colliding members than MAX_COLLISIONS. */
export const SCAN_REWRITE = 1;
export const SCAN_NOT_AN_OBJECT = -1;
export const SCAN_INVALID = -2;
export const SCAN_TOO_DEEP = -3;
/** Only of the WebAssembly half, whose memory for names is limited: ask the other half. */
export const SCAN_UNDECIDED = -4;
export const MAX_JSON_DEPTH = 64;
export const RESULT_OBJECT_START = 84;
/** One past the closing brace. */
export const RESULT_OBJECT_END = 88;
export const RESULT_COLLISIONS = 92;
/** A member's first byte and one past its last, u32 each. */
export const COLLISIONS = 8192;
export const MAX_COLLISIONS = 32;
/** The reserved names, sorted by first byte: their number (u32), then one slot each: length (u32), bytes. */
export const RESERVED_NAMES = 8704;
export const RESERVED_SLOTS = 8720;
export const RESERVED_SLOT_BYTES = 64;
export const MAX_RESERVED_NAMES = 32;
/** A byte per byte value: one more than the index of the first reserved name that begins with it, or 0. */
export const RESERVED_FIRST_BYTES = 10784;
/** What each open object or array is: its number, or 0 for an array. u32 per level. */
export const SCAN_STACK = 11264;
/** Names seen, for finding them again: object number, position, length, unused; u32 each. */
export const SEEN_NAMES = 16384;
export const SEEN_NAMES_SLOTS = 1024;

// Finding severities.
/** By severity number: what goes into a record's extra members, as length (u32) and bytes. Written once, they stay. */
export const SEVERITY_MEMBERS = 40960;
export const SEVERITY_MEMBER_BYTES = 32;
/** Bytes of a message in which a word may stand, and in which a member of an object may. */
export const SEVERITY_TEXT_WINDOW = 256;
export const SEVERITY_JSON_WINDOW = 4096;

// Extracting the groups of a regular expression. What `extract` returns beside bytes written:
export const EXTRACT_NO_MATCH = -1;
/** The text stops the automaton beside a byte that is not ASCII: no match if it is well-formed, else not known. */
export const EXTRACT_ILL_FORMED = -2;
export const EXTRACT_NO_ROOM = -3;
/** Start and end of each group of the last match, -1 where it took no part; i32 each. Then the same while matching. */
export const EXTRACT_SLOTS = 43008;
export const EXTRACT_WORKING_SLOTS = 43264;
export const EXTRACT_MAX_SLOTS = 64;
/** For what `extract` needs of all programs of a lane, tables included. */
export const PROGRAM_BYTES = 4194304;
// A loaded extractor: this header, then what it points to. Pointers are absolute, counts are of words or bytes.
export const EXTRACTOR_ONE_PASS = 0;
export const EXTRACTOR_END_CLASS = 4;
export const EXTRACTOR_START = 8;
export const EXTRACTOR_CLASSES = 12;
export const EXTRACTOR_ENTRIES = 16;
export const EXTRACTOR_ACTIONS = 20;
export const EXTRACTOR_ORIGINS_OF = 24;
export const EXTRACTOR_ORIGINS = 28;
export const EXTRACTOR_SKIPS = 32;
export const EXTRACTOR_SLOT_BYTES = 36;
export const EXTRACTOR_MEMBERS = 40;
export const EXTRACTOR_MEMBER_COUNT = 44;
export const EXTRACTOR_HEADER_BYTES = 48;
/** One member to write: its label (`"name":`), the group, what form its value takes, and the texts of that form. */
export const MEMBER_LABEL = 0;
export const MEMBER_LABEL_LENGTH = 4;
export const MEMBER_GROUP = 8;
export const MEMBER_FORM = 12;
export const MEMBER_TEXTS = 16;
export const MEMBER_BYTES = 20;
/** Beside label and value: a comma, quotes, what a text may be long, and what stores may touch. */
export const MEMBER_ROOM = 160;
export const FORM_TEXT = 0;
/** As it stands where JSON has such a number, else as text. */
export const FORM_NUMBER = 1;
/** One ASCII letter, for which the text of its byte value is written. */
export const FORM_LETTER = 2;
/** A syslog priority in decimal, for which the text of its number is written; what is none is left out. */
export const FORM_PRIORITY = 3;
export const FORM_MASK = 7;
/** The member is left out where the value is `-`. */
export const FORM_OMITS_DASH = 8;
export const LETTERS = 128;
export const PRIORITIES = 192;

// What digits a text has, as bits.
/** 13 digits or more with nothing but single spaces or dashes between, roughly. */
export const DIGITS_CARD = 1;
/** Three dots or more between digits. */
export const DIGITS_IPV4 = 2;
export const CARD_DIGITS = 13;
export const IPV4_DOTS = 3;
