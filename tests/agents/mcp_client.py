"""An agent with MCP's own client for Python: calls of tools in turn, each result as it shows a model."""

import asyncio
import json
import os
import sys

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

ERA, CALLS = sys.argv[1], json.loads(sys.argv[2])


async def main():
    http = httpx2.AsyncClient(headers={"Authorization": "Bearer " + os.environ["PASS"]}, timeout=120)
    chosen = {} if ERA == "modern" else {"mode": "legacy"}
    async with Client(streamable_http_client(os.environ["MCP_URL"], http_client=http), **chosen) as client:
        tools = (await client.list_tools()).tools
        results = []
        for name, arguments in CALLS:
            result = await client.call_tool(name, arguments)
            results.append({"failed": bool(result.is_error), "text": result.content[0].text})
        print(json.dumps({"tools": [tool.name for tool in tools], "results": results}))


try:
    asyncio.run(main())
except BaseException as error:
    print(json.dumps({"error": repr(error)}))
