/**
 * A model may keep its weights in other files that it names by path (ONNX, "External Data"). Such a model is refused:
 * its digest would say nothing about its weights, and the paths are an attacker's to choose (CVE-2026-27489).
 */

/** What ONNX calls the entry that holds the path: TensorProto.external_data (field 13, wire type 2), whose entry's
 * key (field 1, 8 bytes long) is `location`. */
const locationKey = Buffer.from("\x0a\x08location", "latin1");
const externalDataTag = 0x6a;

/** The path that a model's tensor is kept at, or null when all of it lies in these bytes. A hostile file can hide from
 * this look; the process that loads it from memory then has onnxruntime's own check, which confines it to its folder. */
export function externalDataOf(model: Buffer): string | null {
  for (let at = model.indexOf(locationKey); at >= 0; at = model.indexOf(locationKey, at + 1)) {
    if (!isExternalData(model, at)) continue;
    const value = at + locationKey.length;
    const length = model[value] === 0x12 ? (model[value + 1] ?? 0) : 0;
    return model.toString("utf8", value + 2, value + 2 + Math.min(length, 127));
  }
  return null;
}

/** The entry's own length stands between its tag and its key: a varint of one byte below 128, of two below 16,384. */
function isExternalData(model: Buffer, at: number): boolean {
  const oneByte = model[at - 2] === externalDataTag && (model[at - 1] ?? 0) < 0x80;
  const twoBytes = model[at - 3] === externalDataTag && (model[at - 2] ?? 0) >= 0x80;
  return oneByte || twoBytes;
}
