// An agent with @slack/web-api, unmodified: only its base URL and its token are set.
//
// usage: slack.mjs SCENARIO [ARGUMENT…]     environment: BASE_URL, PASS
// Prints one JSON object: {"result": …}, or {"error": what a person would read}.

import { LogLevel, WebClient } from '@slack/web-api'

const { BASE_URL, PASS } = process.env
const client = new WebClient(PASS, { slackApiUrl: `${BASE_URL}/api/`, logLevel: LogLevel.ERROR })

const scenarios = {
  whoami: async () => (await client.auth.test()).user_id,
  history: async (channel) =>
    (await client.conversations.history({ channel, limit: 5 })).messages.map((message) => message.text),
  post: async (channel, text) => (await client.chat.postMessage({ channel, text })).message.text,
  post_blocks: async (channel, text) => {
    const blocks = [{ type: 'divider' }]
    return (await client.chat.postMessage({ channel, text, blocks, unfurl_links: false })).message.text
  },
  delete: async (channel, ts) => (await client.chat.delete({ channel, ts })).ok,
}

const [scenario, ...rest] = process.argv.slice(2)
try {
  console.log(JSON.stringify({ result: await scenarios[scenario](...rest) }))
} catch (error) {
  console.log(JSON.stringify({ error: error.message }))
}
