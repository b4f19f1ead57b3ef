// An agent with @octokit/rest, unmodified: only its base URL and its token are set.
//
// usage: octokit.mjs SCENARIO [ARGUMENT…]     environment: BASE_URL, PASS
// Prints one JSON object: {"result": …}, or {"error": what a person would read, "status": …}.

import { Octokit } from '@octokit/rest'

const octokit = new Octokit({ auth: process.env.PASS, baseUrl: process.env.BASE_URL })
const notes = { owner: 'alice', repo: 'notes' }

const scenarios = {
  whoami: async () => (await octokit.rest.users.getAuthenticated()).data.login,
  // Three pages of three: `paginate` follows the answer's Link header.
  issues: async () => {
    const all = await octokit.paginate(octokit.rest.issues.listForRepo, { ...notes, per_page: 3 })
    return all.map((issue) => issue.title).sort()
  },
  create: async () => (await octokit.rest.issues.create({ ...notes, title: 'made by the agent' })).data.title,
  content: async (path) => (await octokit.rest.repos.getContent({ ...notes, path })).data,
  commit: async (path) => {
    const file = { ...notes, path, message: 'by the agent', content: 'aGVsbG8K', branch: 'main' }
    return (await octokit.rest.repos.createOrUpdateFileContents(file)).data.content.path
  },
  tree: async (path) => {
    const tree = [{ path, mode: '100644', type: 'blob', content: 'on: push' }]
    return (await octokit.rest.git.createTree({ ...notes, tree })).status
  },
  describe: async (text) => (await octokit.rest.repos.update({ ...notes, description: text })).data.description,
  publish: async (text) => (await octokit.rest.repos.update({ ...notes, description: text, private: false })).status,
  look: async (owner, repo) => (await octokit.rest.repos.get({ owner, repo })).data.full_name,
  delete: async () => (await octokit.rest.repos.delete(notes)).status,
}

try {
  const [scenario, ...rest] = process.argv.slice(2)
  console.log(JSON.stringify({ result: await scenarios[scenario](...rest) }))
} catch (error) {
  console.log(JSON.stringify({ error: error.message, status: error.status }))
}
