// An agent that uses Notion's own SDK, through the gateway: one scenario, and what came of it as JSON.

import { Client, isNotionClientError } from '@notionhq/client'

const notion = new Client({ auth: process.env.PASS, baseUrl: process.env.BASE_URL, retry: false })
const page = '0123456789abcdef0123456789abcdef'

const scenarios = {
  users: () => notion.users.list({ page_size: 2 }),
  comment: () =>
    notion.comments.create({ parent: { page_id: page }, rich_text: [{ text: { content: 'looks good' } }] }),
  search: () => notion.search({ query: 'plan', page_size: 3 }),
  trash: () => notion.blocks.delete({ block_id: page }),
}

try {
  console.log(JSON.stringify({ result: await scenarios[process.argv[2]]() }))
} catch (error) {
  if (!isNotionClientError(error)) throw error
  console.log(JSON.stringify({ error: error.message, code: error.code, status: error.status, body: error.body }))
}
