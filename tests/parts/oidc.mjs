// A strict OAuth server: PKCE required, refresh tokens rotate and a second use of one revokes the grant, device flow,
// revocation, introspection. Beside it stands a mailbox (/gmail/v1/users/me/…) that asks the server about each token.
// Under the paths that `api` begins with stands any other API: it asks the server about each token too, says who is
// signed in at `whoami`, gives the `answers` that are set, and answers everything else with whose request it was and what
// arrived.
// Configuration: {"client_id", "client_secret", "access_ttl", "rotate", "api": ["/v1/"], "whoami": ["/v1/me"],
// "answers": {"GET /v1/page": {…}}}.
//
// The switches (POST /__control) make what is rare happen at will:
//   {"access_ttl": S}                    lifetime of access tokens issued from now on
//   {"hold": "before" | "after" | null}  token requests wait, before they are handled or after (their answer is late)
//   {"expire": true}                     every access token issued so far stops working
//   {"forget": true}                     every refresh token issued so far stops working
//   {"hold_mail": true | false}          the mailbox waits before it answers
//   {"fail": N}                          the next N token requests are answered 503, unhandled

import { once } from 'node:events'
import Provider from 'oidc-provider'
import { configuration, serve } from './recorder.mjs'

const settings = { api: [], whoami: [], answers: {}, rotate: true, access_ttl: 3600, hold: null, hold_mail: false, fail: 0, ...(await configuration()) }
const issued = new Set()
const refreshing = new Set()
const waiting = new Set()
const held = () => new Promise((resolve) => waiting.add(resolve))

function provider(url) {
  const oidc = new Provider(url, {
    clients: [
      {
        client_id: settings.client_id,
        client_secret: settings.client_secret,
        application_type: 'native',
        token_endpoint_auth_method: 'client_secret_post',
        redirect_uris: ['http://127.0.0.1/callback'],
        grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
        response_types: ['code'],
      },
    ],
    cookies: { keys: ['test'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true }),
    }),
    features: {
      devInteractions: { enabled: true },
      deviceFlow: { enabled: true },
      revocation: { enabled: true },
      introspection: { enabled: true },
    },
    issueRefreshToken: () => true,
    pkce: { required: () => true },
    rotateRefreshToken: () => settings.rotate,
    scopes: ['openid', 'email', 'offline_access', 'mail'],
    ttl: { AccessToken: () => settings.access_ttl },
  })
  oidc.on('access_token.saved', (token) => issued.add(token))
  oidc.on('refresh_token.saved', (token) => refreshing.add(token))
  return oidc
}

async function mailbox(oidc, req, res) {
  const given = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1]
  const token = given && (await oidc.AccessToken.find(given))
  res.setHeader('content-type', 'application/json')
  if (!token) {
    res.statusCode = 401
    return res.end('{"error":{"code":401,"message":"invalid credentials","status":"UNAUTHENTICATED"}}')
  }
  res.end(JSON.stringify({ messages: [{ id: `of-${token.accountId}`, threadId: 't' }], resultSizeEstimate: 1 }))
}

async function api(oidc, req, res, bytes) {
  const given = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1]
  const token = given && (await oidc.AccessToken.find(given))
  res.setHeader('content-type', 'application/json')
  if (!token) {
    res.statusCode = 401
    return res.end('{"error":"invalid token"}')
  }
  const who = { id: `id-of-${token.accountId}`, email: `${token.accountId}@example.com` }
  if (settings.whoami.includes(req.url)) return res.end(JSON.stringify(who))
  const { method, url: path } = req
  const answer = settings.answers[`${method} ${path}`]
  if (answer) return res.end(JSON.stringify(answer))
  res.end(JSON.stringify({ object: 'echo', of: token.accountId, method, path, body: bytes.toString('latin1') }))
}

await serve((url) => {
  const oidc = provider(url)
  const handle = oidc.callback()
  // The recorder has read the body: oidc-provider takes it from here.
  const pass = (req, res, bytes) => {
    req.body = bytes.toString()
    return handle(req, res)
  }
  return {
    async control(changes) {
      const { expire, forget, ...rest } = changes
      Object.assign(settings, rest)
      if (expire) await Promise.all([...issued].map((token) => token.destroy()))
      if (forget) await Promise.all([...refreshing].map((token) => token.destroy()))
      if (rest.hold === null || rest.hold_mail === false) for (const go of waiting) go()
    },
    async handle(req, res, bytes) {
      const path = new URL(req.url, url).pathname
      if (path.startsWith('/gmail/')) {
        if (settings.hold_mail) await held()
        return mailbox(oidc, req, res)
      }
      if (settings.api.some((start) => path.startsWith(start))) return api(oidc, req, res, bytes)
      if (path !== '/token') return pass(req, res, bytes)
      if (settings.fail > 0) {
        settings.fail -= 1
        res.statusCode = 503
        return res.end()
      }
      if (settings.hold === 'before') {
        await Promise.race([held(), once(res, 'close')])
        // Whoever asked has gone: the request is as if it had never arrived.
        if (res.destroyed || res.closed) return
      }
      if (settings.hold === 'after') {
        const end = res.end.bind(res)
        res.end = (...args) => {
          held().then(() => end(...args))
          return res
        }
      }
      return pass(req, res, bytes)
    },
  }
})
