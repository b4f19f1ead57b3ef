// An agent that uses Notion's own SDK, through the gateway: one scenario, and what came of it as JSON.

import { Client, isNotionClientError } from '@notionhq/client'

const notion = new Client({ auth: process.env.PASS, baseUrl: process.env.BASE_URL, retry: false })
const page = '0123456789abcdef0123456789abcdef'
const other = 'FEDCBA9876543210FEDCBA9876543210'
const text = (content) => [{ text: { content } }]
const append = (...children) => notion.blocks.children.append({ block_id: page, children })

const scenarios = {
  users: () => notion.users.list({ page_size: 2 }),
  comment: () => notion.comments.create({ parent: { page_id: page }, rich_text: text('looks good') }),
  search: () => notion.search({ query: 'plan', page_size: 3 }),
  trash: () => notion.blocks.delete({ block_id: page }),
  page: () => notion.pages.retrieve({ page_id: page }),
  other: () => notion.pages.retrieve({ page_id: other }),
  append: () => append({ heading_2: { rich_text: text('Plan') } }, { to_do: { rich_text: text('write'), checked: false } }),
  mirror: () => append({ synced_block: { synced_from: { block_id: other } } }),
  done: () => notion.pages.update({ page_id: page, properties: { Done: { checkbox: true } } }),
  relate: () => notion.pages.update({ page_id: page, properties: { Next: { relation: [{ id: other }] } } }),
  bin: () => notion.pages.update({ page_id: page, in_trash: true }),
}

try {
  console.log(JSON.stringify({ result: await scenarios[process.argv[2]]() }))
} catch (error) {
  if (!isNotionClientError(error)) throw error
  console.log(JSON.stringify({ error: error.message, code: error.code, status: error.status, body: error.body }))
}
