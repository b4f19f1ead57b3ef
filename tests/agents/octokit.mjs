// An agent with @octokit/rest, unmodified: only its base URL and its token are set.
//
// usage: octokit.mjs SCENARIO     environment: BASE_URL, PASS
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
  delete: async () => (await octokit.rest.repos.delete(notes)).status,
}

try {
  console.log(JSON.stringify({ result: await scenarios[process.argv[2]]() }))
} catch (error) {
  console.log(JSON.stringify({ error: error.message, status: error.status }))
}
