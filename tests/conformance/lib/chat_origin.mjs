// A web UI as plain as can be, for instances that publish one beside them: pages, an echo, a picture,
// and a chat socket at /ws that repeats what it is told.
import { Origin } from "../../e2e/lib/origin.mjs";
import { pairs, readAll } from "../../e2e/lib/http.mjs";
import { acceptWebSocket } from "../../e2e/lib/websocket.mjs";

export const picture = Buffer.from("89504e470d0a1a0a00ff00ff", "hex");

/** Starts it: an Origin whose `chat` also plays the upgrades of other origins. */
export async function startChatOrigin(folder) {
  const one = await Origin.start("origin", folder);
  one.on("/", (_, response) => {
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
    response.end('<!doctype html><title>Plain</title><h1>version 1</h1><img src="/picture.png">');
  });
  one.on("/api/echo", async (request, response) => {
    const body = (await readAll(request)).toString();
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ method: request.method, query: request.url.split("?")[1] ?? "", headers: pairs(request.rawHeaders), body }));
  });
  one.on("/picture.png", (_, response) => {
    response.writeHead(200, { "content-type": "image/png" });
    response.end(picture);
  });
  one.on("/not/there.png", (_, response) => response.writeHead(404).end());
  one.chat = (request, socket, head) => void chat(acceptWebSocket(request, socket, head));
  one.onUpgrade("/ws", one.chat);
  return one;
}

async function chat(end) {
  for (;;) {
    const event = await end.next(1 << 30);
    if (event.kind === "ping") await end.send("pong", event.data);
    if (event.kind === "close") await end.close(1000);
    if (event.kind === "close" || event.kind === "gone") return;
    if (event.kind !== "text") continue;
    const message = JSON.parse(event.data);
    for (const word of String(message.command ?? message.type).split(" ")) {
      await end.send("text", JSON.stringify({ type: "claude-response", data: word }));
    }
    await end.send("text", JSON.stringify({ type: "claude-complete" }));
  }
}
