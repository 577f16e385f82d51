// Whether a secret was kept where it can be read.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The part of an issued token or code that is secret; what stands before it is its name. */
export function secretPart(token) {
  const part = token.includes(".") ? token.slice(token.indexOf(".") + 1) : token.slice(token.lastIndexOf("_") + 1);
  assert.ok(part.length >= 43, token);
  return part;
}

/**
 * Fails if a file of the hub's data or a log of `scene` (at level debug) holds one of `secrets`: in
 * its own spelling, or as the bytes that it spells in hexadecimal or base64url. A piece of it would do.
 */
export function expectInNoFile(scene, secrets) {
  assert.ok(secrets.length > 0);
  const files = [scene.hub.data, scene.output].flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  assert.ok(files.some((file) => file.endsWith("berth.db")) && files.some((file) => file.endsWith("hub.log")), files.join());
  for (const file of files) {
    const bytes = readFileSync(file);
    for (const secret of secrets) {
      assert.ok(secret.length >= 16, secret);
      const raw = Buffer.from(secret, /^[0-9a-f]+$/.test(secret) ? "hex" : "base64url");
      assert.equal(bytes.includes(secret.slice(0, 20)), false, `${file} holds ${secret}`);
      if (raw.length >= 12) assert.equal(bytes.includes(raw.subarray(0, 16)), false, `${file} holds the bytes of ${secret}`);
    }
  }
}
