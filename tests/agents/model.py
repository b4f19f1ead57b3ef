"""A scripted language model for real agents: it makes them call the tools of a list in turn, and keeps what they show it.

Usage: model.py CALLS.json SEEN.jsonl. It prints its port. It speaks Anthropic's Messages and OpenAI's Responses, both as
streams. A call is [tool, arguments] or, for OpenAI, [tool, arguments, namespace].
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CALLS = json.load(open(sys.argv[1]))
SEEN = open(sys.argv[2], "a")
USAGE = {"input_tokens": 1, "output_tokens": 1}


def messages(number, call):
    """The events of one answer in Anthropic's form."""
    start = {"id": f"msg_{number}", "type": "message", "role": "assistant", "model": "scripted", "content": []}
    yield {"type": "message_start", "message": {**start, "stop_reason": None, "stop_sequence": None, "usage": USAGE}}
    if call:
        block = {"type": "tool_use", "id": f"toolu_{number}", "name": call[0], "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(call[1])}
    else:
        block, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": "done"}
    yield {"type": "content_block_start", "index": 0, "content_block": block}
    yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    reason = "tool_use" if call else "end_turn"
    yield {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None}, "usage": USAGE}
    yield {"type": "message_stop"}


def responses(number, call):
    """The events of one answer in OpenAI's form."""
    if call:
        item = {"type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}", "name": call[0]}
        item["arguments"] = json.dumps(call[1])
        if len(call) > 2:
            item["namespace"] = call[2]
    else:
        text = {"type": "output_text", "text": "done"}
        item = {"type": "message", "id": f"m_{number}", "role": "assistant", "content": [text]}
    usage = {**USAGE, "total_tokens": 2, "input_tokens_details": None, "output_tokens_details": None}
    yield {"type": "response.created", "response": {"id": f"resp_{number}"}}
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    yield {"type": "response.completed", "response": {"id": f"resp_{number}", "usage": usage}}


class Model(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    made = 0

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.plain({"object": "list", "data": [], "models": []})

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            body = json.loads(raw)
        except ValueError:
            body = {}
        SEEN.write(json.dumps(body) + "\n")
        SEEN.flush()
        if "count_tokens" in self.path:
            return self.plain({"input_tokens": 1})
        of_anthropic = "/messages" in self.path
        # An agent also asks for a title and the like, without its tools.
        offered = json.dumps(body.get("tools") or []) if body else "mcp__"
        call = None
        if of_anthropic and "mcp__" not in offered and "WaitForMcpServers" in offered:
            call = ["WaitForMcpServers", {}]
        elif Model.made < len(CALLS) and ("mcp__" in offered or not of_anthropic):
            call = CALLS[Model.made]
            Model.made += 1
        events = (messages if of_anthropic else responses)(Model.made, call)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for event in events:
            self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        self.close_connection = True

    def plain(self, value):
        text = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


server = ThreadingHTTPServer(("127.0.0.1", 0), Model)
print("port", server.server_address[1], flush=True)
server.serve_forever()
