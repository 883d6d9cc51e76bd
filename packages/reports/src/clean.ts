/**
 * Names and sentences come from files, URLs and other people's models. Before they are escaped for a format they lose
 * what no format needs: control characters (a newline starts a workflow command), characters that reorder or hide
 * text (Unicode TR36 §3, "Trojan Source"), and halves of surrogate pairs (not allowed in XML).
 */

const lineBreaking = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;
/** Format characters, but for the two joiners that Persian, Hindi and emoji are written with; and non-characters. */
const invisible = /[^\P{Cf}\u200c\u200d]|[\ufffe\uffff]/gu;

/** One line of visible text, at most `maxLength` characters (UTF-16 units), shortened with an ellipsis. */
export function oneLine(value: string, maxLength = 2000): string {
  const cut = value.length > maxLength ? `${value.slice(0, maxLength - 1)}…` : value;
  return cut.toWellFormed().replace(lineBreaking, " ").replace(invisible, "").trim();
}

/** The beginning and the end of a long name: the part that tells digests and paths apart is often the last. */
export function shortened(value: string, maxLength: number): string {
  const line = oneLine(value);
  if (line.length <= maxLength) return line;
  const head = Math.ceil((maxLength - 1) * 0.6);
  return oneLine(`${line.slice(0, head)}…${line.slice(line.length - (maxLength - 1 - head))}`);
}

/** `sha256:0123456789ab`: enough of a digest for a person to tell releases apart. */
export function shortDigest(digest: string): string {
  return /^sha256:[0-9a-f]{64}$/.test(digest) ? digest.slice(0, 19) : shortened(digest, 24);
}
