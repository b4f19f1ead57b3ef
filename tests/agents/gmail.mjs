// An agent with Google's client for JavaScript, unmodified: only its root URL and its token are set.
//
// usage: gmail.mjs SCENARIO [ARGUMENT]     environment: BASE_URL, PASS
// Prints one JSON object: {"result": …}, or {"error": what a person would read, "status": …}.

import { Readable } from 'node:stream'
import { auth, gmail } from '@googleapis/gmail'

const credentials = new auth.OAuth2()
credentials.setCredentials({ access_token: process.env.PASS })
const rootUrl = `${process.env.BASE_URL}/`
const { users } = gmail({ version: 'v1', auth: credentials, rootUrl })
const letter = (to) => `From: alice@example.com\r\nTo: ${to}\r\nSubject: re: letter 1\r\n\r\nthanks\r\n`
const raw = (to) => Buffer.from(letter(to)).toString('base64url')

const scenarios = {
  list: async () => (await users.messages.list({ userId: 'me' })).data.messages.map((message) => message.id),
  get: async (id) => (await users.messages.get({ userId: 'me', id })).data,
  draft: async (to) => (await users.drafts.create({ userId: 'me', requestBody: { message: { raw: raw(to) } } })).data,
  // For uploads the client takes the root URL from the call alone. It sends them in chunks, without a length.
  'upload-draft': async (to) => {
    const media = { mimeType: 'message/rfc822', body: letter(to) }
    return (await users.drafts.create({ userId: 'me', requestBody: {}, media }, { rootUrl })).data
  },
  'upload-send': async (to) => {
    const media = { mimeType: 'message/rfc822', body: Readable.from([letter(to)]) }
    await users.messages.list({ userId: 'me' })
    return (await users.messages.send({ userId: 'me', requestBody: {}, media }, { rootUrl })).data
  },
  send: async (to) => (await users.messages.send({ userId: 'me', requestBody: { raw: raw(to) } })).data,
  delete: async (id) => (await users.messages.delete({ userId: 'me', id })).status,
}

const [scenario, argument] = process.argv.slice(2)
try {
  console.log(JSON.stringify({ result: await scenarios[scenario](argument) }))
} catch (error) {
  console.log(JSON.stringify({ error: error.message, status: error.status ?? error.code }))
}
