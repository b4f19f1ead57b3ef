// Forwards to the gateway with a pass added, for a client that cannot send headers of its own. Prints its port.

import { createServer, request } from 'node:http'

const gateway = new URL(process.env.GATEWAY)
const server = createServer((asked, answer) => {
  const headers = { ...asked.headers, authorization: `Bearer ${process.env.PASS}` }
  const { hostname, port } = gateway
  const onward = request({ hostname, port, method: asked.method, path: asked.url, headers, setHost: false }, (came) => {
    answer.writeHead(came.statusCode, came.headers)
    came.pipe(answer)
  })
  onward.on('error', () => answer.destroy())
  asked.pipe(onward)
})
server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`))
