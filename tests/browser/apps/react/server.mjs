// Builds the single-page application into a folder and serves it: server.mjs FOLDER. Every path
// without a file is the page itself, as routers of that kind need it.
import { fileURLToPath } from "node:url";
import express from "express";
import { build } from "vite";

const [, , outDir] = process.argv;
await build({
  configFile: false,
  root: fileURLToPath(new URL(".", import.meta.url)),
  esbuild: { jsx: "automatic" },
  build: { outDir, emptyOutDir: true },
  logLevel: "warn",
});
const app = express();
app.get("/data/items.json", (request, response) => response.json(["one", "two"]));
app.use(express.static(outDir, { immutable: true, maxAge: "1y", index: false }));
app.get("/{*path}", (request, response) => response.set("cache-control", "no-cache").sendFile(`${outDir}/index.html`));
const server = app.listen(0, "127.0.0.1", () => console.log(`ready http://127.0.0.1:${server.address().port}/`));
