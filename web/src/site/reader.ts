import { ContentError } from "../errors.ts";

/** A content-addressed file of a site's index: 32 hex digits, bytes as stored (gzip) and as read. */
export interface Ref {
  name: string;
  bytes: number;
  raw: number;
}

/** The largest file that is read, before and after gunzip. */
export const MAX_FILE = 1 << 28;
/** The most pages and the most passages of a site, as the writer has it. */
export const MAX_PASSAGES = 1 << 22;

const REMEDY = 'run "effir index" again and upload the whole folder';

/** corrupt says what is wrong with which field of a file, and what to do. */
export function corrupt(file: string, field: string, problem: string, remedy = REMEDY): ContentError {
  return new ContentError(`${file}: ${field} ${problem}; ${remedy}`);
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reader walks over bytes that nobody has checked yet; it throws a ContentError instead of reading past the end. */
export class Reader {
  pos = 0;
  private readonly view: DataView;

  constructor(readonly bytes: Uint8Array, readonly file: string, magic?: string, private readonly remedy?: string) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (magic !== undefined && String.fromCharCode(...bytes.subarray(0, magic.length)) !== magic) {
      throw this.fail("header", `is not ${magic}`);
    }
    this.pos = magic?.length ?? 0;
  }

  fail(field: string, problem = "is cut or malformed"): ContentError {
    return corrupt(this.file, field, problem, this.remedy);
  }

  get left(): number {
    return this.bytes.length - this.pos;
  }

  /** uv reads an unsigned LEB128 number of at most 32 bits, no larger than max. */
  uv(field: string, max = 0xffffffff): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.bytes[this.pos++];
      if (byte === undefined || (shift === 28 && byte > 0x0f)) break;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte >= 0x80) continue;
      if (value > max) throw this.fail(field, `is ${value}, over ${max}`);
      return value;
    }
    throw this.fail(field);
  }

  /** count reads how many things follow, each of which takes at least `least` bytes: nothing is allocated for a lie. */
  count(field: string, least: number): number {
    const n = this.uv(field);
    if (n * least > this.left) throw this.fail(field, `promises ${n}, more than the file holds`);
    return n;
  }

  take(n: number, field: string): Uint8Array {
    if (n > this.left) throw this.fail(field);
    const taken = this.bytes.subarray(this.pos, this.pos + n);
    this.pos += n;
    return taken;
  }

  str(field: string): string {
    return this.text(this.take(this.uv(field), field), field);
  }

  text(bytes: Uint8Array, field: string): string {
    try {
      return UTF8.decode(bytes);
    } catch {
      throw this.fail(field, "is not UTF-8");
    }
  }

  ref(field: string): Ref {
    const name = Array.from(this.take(16, field), (byte) => HEX[byte]).join("");
    return { name, bytes: this.uv(field, MAX_FILE), raw: this.uv(field, MAX_FILE) };
  }

  /** f32 reads a float32 that is finite and not beyond 1e9. */
  f32(field: string): number {
    if (this.left < 4) throw this.fail(field);
    const value = this.view.getFloat32(this.pos, true);
    this.pos += 4;
    if (!(Math.abs(value) <= 1e9)) throw this.fail(field, "is not a usable number");
    return value;
  }

  /** positives reads n float32 numbers from 0 to 1e9. */
  positives(n: number, field: string): Float32Array {
    if (4 * n > this.left) throw this.fail(field);
    const numbers = Float32Array.from({ length: n }, () => this.f32(field));
    if (numbers.some((x) => x < 0)) throw this.fail(field, "are negative");
    return numbers;
  }

  end(): void {
    if (this.left !== 0) throw this.fail("end", "has more bytes than belong there");
  }
}
