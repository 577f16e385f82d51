// Bodies that are made as they are read and known by their SHA-256, so that none is kept whole.
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";

export const MiB = 1 << 20;

const block = randomBytes(1 << 18);

/** {stream, sha256()}: `size` bytes that no two places share; the sum is known at the end. */
export function makeBody(size) {
  const hash = createHash("sha256");
  let left = size;
  let turn = 0;
  const stream = new Readable({
    highWaterMark: 1 << 16,
    read() {
      if (left === 0) {
        this.push(null);
        return;
      }
      const piece = Buffer.from(block.subarray(0, Math.min(left, block.length)));
      if (piece.length >= 4) piece.writeUInt32BE(turn++, 0);
      left -= piece.length;
      hash.update(piece);
      this.push(piece);
    },
  });
  let sum;
  return { stream, sha256: () => (sum ??= hash.digest("hex")) };
}

/** {size, sha256} of what `message` still brings; throws when it breaks off. */
export async function digest(message) {
  const hash = createHash("sha256");
  let size = 0;
  for await (const piece of message) {
    size += piece.length;
    hash.update(piece);
  }
  return { size, sha256: hash.digest("hex") };
}
