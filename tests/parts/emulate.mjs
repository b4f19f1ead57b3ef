// One of emulate's services behind the recorder, so that a test can see what reached the upstream.
// Configuration: {"service": "google" | "github" | "slack", "seed": …}. The seed's first user answers any token that
// the emulator did not issue: it is the decoy.
//
// POST /__control {"answers": {PATH: …}}: what the emulator does not have is answered in the shape that the provider's own
// description gives it.

import http from 'node:http'
import { createEmulator } from 'emulate'
import { configuration, serve } from './recorder.mjs'

const { service, seed } = await configuration()

// The emulator advertises the recorder's address and says its own nowhere: it is read off the server it starts.
async function started(options) {
  let server
  const listen = http.Server.prototype.listen
  http.Server.prototype.listen = function (...args) {
    server = this
    return listen.apply(this, args)
  }
  await createEmulator(options)
  http.Server.prototype.listen = listen
  return server.address().port
}

let answers = {}

await serve(async (url) => {
  const inner = await started({ service, port: 0, hostname: '127.0.0.1', baseUrl: url, seed })
  return {
    control: (settings) => (answers = settings.answers),
    handle(req, res, bytes) {
      const given = answers[decodeURIComponent(req.url.split('?')[0])]
      if (given) {
        res.setHeader('content-type', 'application/json')
        return res.end(JSON.stringify(given))
      }
      const { 'transfer-encoding': _, ...headers } = req.headers
      if (bytes.length > 0) headers['content-length'] = String(bytes.length)
      const upstream = http.request(
        { host: '127.0.0.1', port: inner, method: req.method, path: req.url, headers },
        (answer) => {
          res.writeHead(answer.statusCode, answer.headers)
          answer.pipe(res)
        },
      )
      upstream.once('error', (error) => res.destroy(error))
      upstream.end(bytes)
    },
  }
})
