// Every page of the console, on a desk and on a phone, in the light and in the dark.

import assert from 'node:assert/strict'
import { DESKTOP, Person, PHONE, tell } from './person.mjs'

/** The paths of the pages, with the ids that the test put in place. */
const pages = () => ({
  now: 'now', approvals: 'approvals', passes: 'passes?show=all', pass: `passes/${process.env.PASS_ID}`, mint: 'mint',
  connections: 'connections', audit: 'audit', record: `audit/${process.env.RECORD}`, services: 'services',
  service: 'services/gmail?effect=send', resume: 'resume', failed: 'passes/p_0123456789abcdefghijkl', empty: 'audit?decision=none',
})

async function every(colorScheme) {
  const person = await Person.start({ colorScheme })
  await person.page.goto(process.env.CONSOLE)
  await person.look(`front-${colorScheme}`)
  // Whoever looks has eyes: an input without a label is noticed.
  await person.page.evaluate(() => document.querySelector('main').append(document.createElement('input')))
  assert.deepEqual((await person.barriers()).map(each => each.id), ['label'])
  await person.signIn()
  for (const [size, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
    await person.page.setViewportSize(viewport)
    for (const [name, path] of Object.entries(pages())) {
      const status = await person.open(path)
      assert.equal(status, name === 'failed' ? 404 : 200, name)
      await person.look(`${name}-${size}-${colorScheme}`)
    }
  }
  await person.stop()
}

await tell({ light: () => every('light'), dark: () => every('dark') })
