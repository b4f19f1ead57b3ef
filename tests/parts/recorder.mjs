// An HTTP server on a free loopback port that notes what arrives before it lets it through, and ends with its parent.
//
// GET /__seen answers what arrived since the last DELETE /__seen; POST /__control sets the part's own switches.
// The first line on standard output is {"url": …}: the part is ready then.

import http from 'node:http'
import { createInterface } from 'node:readline'

const body = async (req) => {
  const chunks = []
  for await (const chunk of req) chunks.push(chunk)
  return Buffer.concat(chunks)
}

// The configuration is the first line of standard input; when standard input ends, so does the part.
export const configuration = () =>
  new Promise((resolve) => {
    const lines = createInterface({ input: process.stdin })
    lines.once('line', (line) => resolve(JSON.parse(line)))
    lines.once('close', () => process.exit(0))
  })

// `start(url)` makes the part: it returns {handle(req, res, body), control?(settings)}.
export async function serve(start) {
  let part
  let seen = []
  const server = http.createServer({ maxHeaderSize: 65536 }, async (req, res) => {
    if (req.url === '/__seen') {
      res.setHeader('content-type', 'application/json')
      res.end(JSON.stringify(seen))
      if (req.method === 'DELETE') seen = []
      return
    }
    const bytes = await body(req)
    if (req.url === '/__control') {
      await part.control?.(JSON.parse(bytes))
      return res.end('{}')
    }
    const note = { method: req.method, path: req.url, headers: req.headers, body: bytes.toString('latin1'), status: null }
    seen.push(note)
    res.once('finish', () => (note.status = res.statusCode))
    await part.handle(req, res, bytes)
  })
  server.keepAliveTimeout = 60_000
  await new Promise((resolve) => server.listen(0, '127.0.0.1', 2048, resolve))
  const url = `http://127.0.0.1:${server.address().port}`
  part = await start(url)
  console.log(JSON.stringify({ url }))
}
