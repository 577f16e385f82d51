// Certificates as openssl makes them: good ones, and each kind of bad one. They are given as {cert, key},
// the names of their files.
import { execFileSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const openssl = (...args) => execFileSync("openssl", args, { stdio: ["ignore", "pipe", "pipe"] });
const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** An authority whose files are in `folder`. */
export class Authority {
  constructor(folder, name) {
    this.folder = folder;
    this.name = name;
    this.file = join(folder, `${name}.pem`);
    openssl("req", "-x509", ...newKey, "-days", "2", "-subj", `/CN=${name}`, "-keyout", join(folder, `${name}.key`), "-out", this.file);
  }

  /** A certificate for `names` ("IP:127.0.0.1"), valid for `days`, which may have passed. */
  issue(name, names, days = 2) {
    const file = (ending) => join(this.folder, `${name}.${ending}`);
    openssl("req", ...newKey, "-subj", `/CN=${name}`, "-keyout", file("key"), "-out", file("csr"));
    writeFileSync(file("ext"), `subjectAltName=${names}\n`);
    openssl(
      "x509", "-req", "-in", file("csr"), "-CA", this.file, "-CAkey", join(this.folder, `${this.name}.key`), "-CAcreateserial",
      "-days", String(days), "-extfile", file("ext"), "-out", file("crt"),
    );
    return { cert: file("crt"), key: file("key") };
  }
}

/** What pins the key of a certificate in PEM. */
export function pinOf(cert) {
  const key = new X509Certificate(cert).publicKey.export({ type: "spki", format: "der" });
  return `sha256/${createHash("sha256").update(key).digest("base64")}`;
}

/** A certificate that nobody but itself vouches for; replaces an earlier one of that name. */
export function selfSigned(folder, name, names) {
  const file = (ending) => join(folder, `${name}.${ending}`);
  openssl("req", "-x509", ...newKey, "-days", "2", "-subj", `/CN=${name}`, "-addext", `subjectAltName=${names}`, "-keyout", file("key"), "-out", file("crt"));
  return { cert: file("crt"), key: file("key") };
}

/** What the files hold, as node's TLS takes it. */
export function readPair({ cert, key }) {
  return { cert: readFileSync(cert), key: readFileSync(key) };
}
