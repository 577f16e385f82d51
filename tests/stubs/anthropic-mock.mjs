// A stand-in for the model endpoint: answers POST /v1/messages as server-sent events, so that the
// real Claude command runs without an account or a network. Prints "anthropic mock ready: URL".
//
// A prompt with USETOOL makes the model ask to run `touch $PATH` (the word after USETOOL) first, which
// makes the instance ask its user for permission. One with ASKUSER makes it ask its user a question
// (a tool that waits for ever), and tell what the answer was. With WAIT=MS it takes that long over
// what it says after the tool.
import { createServer } from "node:http";
import { setTimeout as pause } from "node:timers/promises";

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

/** The text of the last tool result in the messages, if there is one. */
function toolResult(messages) {
  const results = messages.flatMap(({ content }) => (Array.isArray(content) ? content : []))
    .filter((block) => block.type === "tool_result");
  if (results.length === 0) return undefined;
  const { content } = results.at(-1);
  return typeof content === "string" ? content : (content ?? []).map((block) => block.text ?? "").join("");
}

/** The tool call that the prompt wants: {name, input}. */
function wantedTool(prompt) {
  const touch = /USETOOL (\S+)/.exec(prompt);
  if (touch !== null) return { name: "Bash", input: { command: `touch ${touch[1]}`, description: "touch a file" } };
  if (!/\bASKUSER\b/.test(prompt)) return undefined;
  const options = ["Red", "Blue"].map((label) => ({ label, description: `make it ${label}` }));
  return { name: "AskUserQuestion", input: { questions: [{ question: "Which colour?", header: "Colour", multiSelect: false, options }] } };
}

function answer(body) {
  const wanted = wantedTool(promptOf(body.messages ?? []));
  const id = `msg_${++count}`;
  const result = toolResult(body.messages ?? []);
  const useTool = wanted !== undefined && result === undefined && (body.tools ?? []).length > 0;
  const events = [];
  const emit = (type, rest) => events.push(`event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`);
  emit("message_start", {
    message: {
      id, type: "message", role: "assistant", model: body.model, content: [], stop_reason: null,
      stop_sequence: null, usage: { input_tokens: 1, output_tokens: 1 },
    },
  });
  if (useTool) {
    emit("content_block_start", {
      index: 0, content_block: { type: "tool_use", id: `toolu_${count}`, name: wanted.name, input: {} },
    });
    emit("content_block_delta", { index: 0, delta: { type: "input_json_delta", partial_json: JSON.stringify(wanted.input) } });
  } else {
    emit("content_block_start", { index: 0, content_block: { type: "text", text: "" } });
    const last = wanted === undefined ? "hello." : wanted.name === "Bash" ? "tool finished." : `told ${result}`;
    for (const text of ["Mock answer: ", last]) {
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
  const body = JSON.parse(Buffer.concat(chunks).toString());
  const wait = /WAIT=(\d+)/.exec(promptOf(body.messages ?? []));
  if (wait !== null && toolResult(body.messages) !== undefined) await pause(Number(wait[1]));
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of answer(body)) response.write(event);
  response.end();
});
server.listen(0, "127.0.0.1", () => {
  console.log(`anthropic mock ready: http://127.0.0.1:${server.address().port}`);
});
