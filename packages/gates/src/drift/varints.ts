/** Whole numbers from 0 on, small ones in one byte: seven bits a byte, lowest first, the eighth says that more follow
 * (LEB128, DWARF 5, section 7.6). */
export function writeVarints(numbers: readonly bigint[]): string {
  const bytes: number[] = [];
  for (const number of numbers) {
    let rest = number;
    while (rest >= 128n) {
      bytes.push(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
  }
  return Buffer.from(bytes).toString("base64");
}

/** The numbers of `writeVarints`, or undefined for a text that it does not write: one number has one spelling. */
export function readVarints(text: string): bigint[] | undefined {
  const bytes = Buffer.from(text, "base64");
  const numbers: bigint[] = [];
  let number = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    number |= BigInt(byte & 127) << shift;
    shift += 7n;
    // Ten bytes hold 64 bits.
    if (shift > 70n) return undefined;
    if (byte < 128) {
      numbers.push(number);
      number = 0n;
      shift = 0n;
    }
  }
  return shift === 0n && writeVarints(numbers) === text ? numbers : undefined;
}
