/** Writer collects the numbers and texts that Reader reads. */
export class Writer {
  private bytes = new Uint8Array(1 << 16);
  private size = 0;

  uv(value: number): void {
    this.grow(5);
    for (; value >= 0x80; value = Math.floor(value / 0x80)) this.bytes[this.size++] = (value % 0x80) | 0x80;
    this.bytes[this.size++] = value;
  }

  str(text: string): void {
    // Lone surrogates become U+FFFD, as everywhere else.
    const bytes = new TextEncoder().encode(text);
    this.uv(bytes.length);
    this.put(bytes);
  }

  put(bytes: Uint8Array): void {
    this.grow(bytes.length);
    this.bytes.set(bytes, this.size);
    this.size += bytes.length;
  }

  f32(value: number): void {
    this.grow(4);
    new DataView(this.bytes.buffer).setFloat32(this.size, value, true);
    this.size += 4;
  }

  /** done returns what was written. */
  done(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.size);
  }

  private grow(more: number): void {
    if (this.size + more <= this.bytes.length) return;
    const wider = new Uint8Array(Math.max(2 * this.bytes.length, this.size + more));
    wider.set(this.bytes.subarray(0, this.size));
    this.bytes = wider;
  }
}
