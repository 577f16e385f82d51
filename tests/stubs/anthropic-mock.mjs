// A stand-in for the model endpoint: answers POST /v1/messages as server-sent events, so that the
// real Claude command runs without an account or a network. Prints "anthropic mock ready: URL".
//
// A prompt with USETOOL makes the model ask to run `touch $PATH` (the word after USETOOL) first, which
// makes the instance ask its user for permission.
import { createServer } from "node:http";

const maxBody = 16 << 20;
let count = 0;

/** All text in the messages, joined. */
function promptOf(messages) {
  const texts = [];
  for (const { content } of messages) {
    if (typeof content === "string") texts.push(content);
    else for (const block of content) if (block.type === "text") texts.push(block.text);
  }
  return texts.join("\n");
}

function hasToolResult(messages) {
  return messages.some(
    ({ content }) => Array.isArray(content) && content.some((block) => block.type === "tool_result"),
  );
}

function answer(body) {
  const wanted = /USETOOL (\S+)/.exec(promptOf(body.messages ?? []));
  const id = `msg_${++count}`;
  const useTool = wanted !== null && !hasToolResult(body.messages) && (body.tools ?? []).length > 0;
  const events = [];
  const emit = (type, rest) => events.push(`event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`);
  emit("message_start", {
    message: {
      id, type: "message", role: "assistant", model: body.model, content: [], stop_reason: null,
      stop_sequence: null, usage: { input_tokens: 1, output_tokens: 1 },
    },
  });
  if (useTool) {
    const input = JSON.stringify({ command: `touch ${wanted[1]}`, description: "touch a file" });
    emit("content_block_start", {
      index: 0, content_block: { type: "tool_use", id: `toolu_${count}`, name: "Bash", input: {} },
    });
    emit("content_block_delta", { index: 0, delta: { type: "input_json_delta", partial_json: input } });
  } else {
    emit("content_block_start", { index: 0, content_block: { type: "text", text: "" } });
    for (const text of ["Mock answer: ", wanted === null ? "hello." : "tool finished."]) {
      emit("content_block_delta", { index: 0, delta: { type: "text_delta", text } });
    }
  }
  emit("content_block_stop", { index: 0 });
  emit("message_delta", {
    delta: { stop_reason: useTool ? "tool_use" : "end_turn", stop_sequence: null },
    usage: { output_tokens: 2 },
  });
  emit("message_stop", {});
  return events;
}

const server = createServer(async (request, response) => {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > maxBody) return request.destroy();
    chunks.push(chunk);
  }
  if (request.method !== "POST" || !request.url.startsWith("/v1/messages")) {
    response.writeHead(404, { "content-type": "application/json" });
    response.end('{"type":"error","error":{"type":"not_found_error","message":"not here"}}');
    return;
  }
  if (request.url.startsWith("/v1/messages/count_tokens")) {
    response.writeHead(200, { "content-type": "application/json" });
    response.end('{"input_tokens":1}');
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of answer(JSON.parse(Buffer.concat(chunks).toString()))) response.write(event);
  response.end();
});
server.listen(0, "127.0.0.1", () => {
  console.log(`anthropic mock ready: http://127.0.0.1:${server.address().port}`);
});
