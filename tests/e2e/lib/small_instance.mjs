// An instance as a process of its own: node small_instance.mjs PORT. It answers every request with
// its process id, except /hang, which it never answers.
import { createServer } from "node:http";

createServer((request, response) => {
  if (request.url === "/hang") return;
  response.end(String(process.pid));
}).listen(Number(process.argv[2]), "127.0.0.1");
