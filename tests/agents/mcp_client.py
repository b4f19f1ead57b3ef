"""An agent with MCP's own client for Python: calls of tools in turn, each result as it shows a model."""

import asyncio
import json
import os
import sys

import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

ERA, CALLS = sys.argv[1], json.loads(sys.argv[2])


def server():
    if "MCP_COMMAND" in os.environ:
        command, *arguments = json.loads(os.environ["MCP_COMMAND"])
        return StdioServerParameters(command=command, args=arguments, env=dict(os.environ))
    http = httpx2.AsyncClient(headers={"Authorization": "Bearer " + os.environ["PASS"]}, timeout=120)
    return streamable_http_client(os.environ["MCP_URL"], http_client=http)


async def main():
    chosen = {} if ERA == "modern" else {"mode": "legacy"}
    async with Client(server(), **chosen) as client:
        tools = (await client.list_tools()).tools
        results = []
        for name, arguments in CALLS:
            if name == "sleep":
                await asyncio.sleep(arguments["seconds"])
                continue
            result = await client.call_tool(name, arguments)
            results.append({"failed": bool(result.is_error), "text": result.content[0].text})
        print(json.dumps({"tools": [tool.name for tool in tools], "results": results}))


try:
    asyncio.run(main())
except BaseException as error:
    print(json.dumps({"error": repr(error)}))
