// The same as decide.py with biscuit-wasm.

import { readFileSync } from 'node:fs'
import * as biscuit from '@biscuit-auth/biscuit-wasm'

const limits = { max_facts: 1000, max_iterations: 100, max_time_micro: 5_000_000 }

function decide(world) {
  try {
    const builder = new biscuit.AuthorizerBuilder()
    builder.addCode(world)
    builder.buildUnauthenticated().authorizeWithLimits(limits)
    return 'allow'
  } catch (error) {
    // A deny is an error that names the policy and the checks that failed.
    return error?.FailedLogic ? 'deny' : `error: ${JSON.stringify(error)}`
  }
}

const lines = readFileSync(0, 'utf8').split('\n').filter(Boolean)
for (const line of lines) {
  const world = JSON.parse(line).datalog
  let answer = decide(world)
  // It has a clock of a millisecond for building a world, which a busy machine exceeds.
  for (let again = 0; again < 50 && answer.startsWith('error') && answer.includes('Timeout'); again++) answer = decide(world)
  console.log(answer)
}
