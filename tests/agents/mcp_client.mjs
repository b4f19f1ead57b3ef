// An agent with MCP's own client for TypeScript: calls of tools in turn, each result as it shows a model.

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'

const [era, calls] = [process.argv[2], JSON.parse(process.argv[3])]
const options = era === 'modern' ? { versionNegotiation: { mode: 'auto' } } : {}
const client = new Client({ name: 'a-test', version: '1' }, options)
const transport = new StreamableHTTPClientTransport(new URL(process.env.MCP_URL), {
  requestInit: { headers: { Authorization: `Bearer ${process.env.PASS}` } },
})
try {
  await client.connect(transport)
  const { tools } = await client.listTools()
  const results = []
  for (const [name, args] of calls) {
    const result = await client.callTool({ name, arguments: args }, { timeout: 120000 })
    results.push({ failed: result.isError === true, text: result.content[0].text })
  }
  console.log(JSON.stringify({ tools: tools.map((tool) => tool.name), results }))
  await client.close()
} catch (error) {
  console.log(JSON.stringify({ error: String(error) }))
}
