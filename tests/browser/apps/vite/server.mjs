// A Vite dev server with hot reload: server.mjs FOLDER PORT. FOLDER holds a copy of this app, which
// the tests edit. The port is fixed, so that a second server can follow the first at its address.
import vue from "@vitejs/plugin-vue";
import { createServer } from "vite";

const [, , root, port] = process.argv;
const server = await createServer({
  configFile: false,
  root,
  plugins: [vue()],
  server: { host: "127.0.0.1", port: Number(port), strictPort: true },
  clearScreen: false,
});
await server.listen();
console.log(`ready ${server.resolvedUrls.local[0].replace("localhost", "127.0.0.1")}`);
