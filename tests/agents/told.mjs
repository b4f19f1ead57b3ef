// Agents with Google's, GitHub's, Slack's and Notion's clients for JavaScript, unmodified, with the repeats that they
// make by themselves.
//
// usage: told.mjs SDK read|write     environment: BASE_URL, PASS
// Prints one JSON object: {"result": …}, or {"error": what a person would read}.

import { auth, gmail } from '@googleapis/gmail'
import { Client } from '@notionhq/client'
import { Octokit } from '@octokit/rest'
import { LogLevel, WebClient } from '@slack/web-api'

const { BASE_URL, PASS } = process.env

const sdks = {
  google: async (does) => {
    const credentials = new auth.OAuth2()
    credentials.setCredentials({ access_token: PASS })
    const { users } = gmail({ version: 'v1', auth: credentials, rootUrl: `${BASE_URL}/` })
    const message = { userId: 'me', id: 'm1' }
    // A DELETE is one of the methods that this client repeats.
    return (await (does === 'read' ? users.messages.list(message) : users.messages.delete(message))).data
  },
  github: async (does) => {
    const octokit = new Octokit({ auth: PASS, baseUrl: BASE_URL })
    if (does === 'read') return (await octokit.rest.users.getAuthenticated()).data.login
    return (await octokit.rest.issues.create({ owner: 'o', repo: 'r', title: 'x' })).data.title
  },
  slack: async (does) => {
    const client = new WebClient(PASS, { slackApiUrl: `${BASE_URL}/api/`, logLevel: LogLevel.ERROR })
    if (does === 'read') return (await client.conversations.list()).ok
    return (await client.chat.postMessage({ channel: 'C0123ABCD', text: 'x' })).ok
  },
  notion: async () => await new Client({ auth: PASS, baseUrl: BASE_URL }).users.list({}),
}

const [sdk, does] = process.argv.slice(2)
try {
  console.log(JSON.stringify({ result: await sdks[sdk](does) }))
} catch (error) {
  console.log(JSON.stringify({ error: `${error.name}: ${error.message}` }))
}
process.exit(0)
