// What a person does at the console, each with an agent at the gateway that notices.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { agent, eventually, hallpass, link, Person, PHONE, tell } from './person.mjs'

const LETTERS = '/gmail/gmail/v1/users/me/messages'
const { CONSOLE, PASS, PASS_ID } = process.env

async function theLinkWorksOnce() {
  const person = await Person.start()
  const once = link()
  await person.page.goto(once)
  await person.look('sign-in')
  await person.press('Sign in')
  await person.page.getByRole('heading', { name: 'Now', exact: true }).waitFor()
  person.at = new URL(person.page.url()).pathname.replace(/\/now$/, '')
  const cookies = await person.context.cookies(CONSOLE + person.at)
  assert.deepEqual(cookies.map(({ httpOnly, sameSite, path }) => ({ httpOnly, sameSite, path })),
    [{ httpOnly: true, sameSite: 'Strict', path: person.at }])

  const second = await person.context.newPage()
  await second.goto(once)
  await second.getByRole('button', { name: 'Sign in' }).click()
  await second.getByText('used already').waitFor()
  await second.close()

  await person.press('Sign out')
  await person.reads('This is the console of Hallpass')
  assert.equal(await person.open('now'), 403)
  await person.reads('You are signed out')
  await person.look('signed-out')
  await person.stop()
}

async function oneStopHolds() {
  const person = await Person.start()
  await person.signIn()
  assert.equal((await agent(PASS, LETTERS)).status, 200)
  await person.press('Stop everything')
  await person.reads('Stopped. No request of any pass is forwarded.')
  await person.look('stopped')
  assert.notEqual((await agent(PASS, LETTERS)).status, 200)
  await person.page.getByRole('link', { name: 'Resume…' }).click()
  assert.notEqual((await agent(PASS, LETTERS)).status, 200, 'a question is no answer')
  await person.press('Resume')
  await person.reads('Resumed')
  assert.equal((await agent(PASS, LETTERS)).status, 200)
  await person.stop()
}

async function mintFromATemplate() {
  const person = await Person.start()
  await person.signIn()
  await person.open('mint')
  await person.page.getByText('Start from a template').click()
  await person.page.getByRole('link', { name: 'inbox-triage' }).click()
  const preview = person.page.locator('#preview')
  await preview.getByText('2 asked').waitFor()
  await person.look('mint-template')
  await person.page.setViewportSize(PHONE)
  await person.look('mint-template-phone')
  await person.page.getByLabel('Task').fill('triage the letters')
  await person.press('Mint the pass')
  const pass = await person.page.locator('#token').inputValue()
  assert.equal((await agent(pass, `${LETTERS}/alice-1`)).status, 200)
  const sent = await agent(pass, `${LETTERS}/send`, { method: 'POST' })
  assert.notEqual(sent.status, 200, 'sending asks')
  await person.open('mint?template=nothing-of-the-kind')
  await person.reads('there is no template')
  await person.stop()
}

async function mint() {
  const person = await Person.start()
  await person.signIn()
  await person.open('mint')
  await person.page.getByLabel('Task').fill('read a letter')
  await person.choose('read on gmail', 'allow')
  const preview = person.page.locator('#preview')
  await preview.getByText('30 allowed').waitFor()
  await person.choose('send on gmail', 'ask')
  await preview.getByText('asks before').waitFor()
  await person.look('mint-preview')
  await person.page.setViewportSize(PHONE)
  await person.look('mint-preview-phone')
  await person.page.getByText('More: operations').click()
  await person.page.getByLabel('How often').fill('gmail.users.messages.get=many')
  await preview.getByText('many').waitFor()
  await person.look('mint-mistake-phone')
  await person.page.getByLabel('How often').fill('gmail.users.messages.get=1')
  await preview.getByText('1 time: gmail.users.messages.get').waitFor()
  await person.press('Mint the pass')
  const pass = await person.page.locator('#token').inputValue()
  assert.match(pass, /^hallpass_/)
  await person.look('minted-phone')
  assert.equal((await agent(pass, `${LETTERS}/alice-1`)).status, 200)
  assert.equal((await agent(pass, `${LETTERS}/alice-1`)).status, 403, 'once is what it says')
  await person.page.getByRole('link', { name: 'Watch what it does' }).click()
  await person.reads('1 allowed')
  assert.ok(!(await person.page.content()).includes(pass.slice(20, 60)), 'it is shown once')
  await person.stop()
}

async function revoke() {
  const person = await Person.start()
  await person.signIn()
  await person.page.getByRole('link', { name: 'All passes' }).click()
  await person.page.getByRole('link', { name: /triage my inbox/ }).click()
  await person.page.getByLabel('Because').fill('the task is done')
  await person.press('Revoke')
  await person.reads('it is refused from the next request on')
  assert.equal((await agent(PASS, LETTERS)).status, 403)
  await person.open('now')
  await person.reads('the task is done')
  await person.stop()
}

async function audit() {
  const person = await Person.start()
  await person.signIn()
  await person.open('audit')
  const records = person.page.locator('#records')
  await person.page.getByLabel('Decision').fill('denied')
  await eventually('the filter to hold', async () =>
    await records.getByText('denied', { exact: true }).count() > 0 && await records.getByText('allow', { exact: true }).count() === 0)
  await records.getByRole('link').filter({ hasText: 'messages.delete' }).first().click()
  await person.reads('Expected')
  await person.reads('Liftable by')
  await person.open('audit')
  await person.press('Verify the log')
  await person.reads(/Nobody has changed any of the/)
  await person.look('verified')
  await person.stop()
}

async function live() {
  const person = await Person.start()
  await person.signIn()
  await person.page.evaluate(() => { globalThis.untouched = true })
  await agent(PASS, `${LETTERS}/alice-3?format=minimal`)
  await person.page.locator('#now').getByText('gmail.users.messages.get on gmail').first().waitFor()
  await agent(PASS, `${LETTERS}/alice-3`, { method: 'DELETE' })
  await person.page.locator('#now').getByText('gmail.users.messages.delete on gmail').first().waitFor()
  assert.ok(await person.page.evaluate(() => globalThis.untouched), 'the page was not loaded again')
  // Another tab of the same session signs out: this one notices by itself.
  const other = await person.context.newPage()
  await other.goto(person.page.url())
  await other.getByRole('button', { name: 'Sign out' }).click()
  await person.reads('You are signed out')
  await person.stop()
}

async function keys() {
  const person = await Person.start()
  await person.signIn()
  const at = path => person.page.waitForURL(`**/${path}`)
  await person.page.keyboard.type('gl')
  await at('audit')
  await person.page.keyboard.press('/')
  assert.equal(await person.page.evaluate(() => document.activeElement.name), 'operation')
  await person.page.keyboard.type('gn')
  assert.match(person.page.url(), /audit$/, 'what is typed into a field stays there')
  await person.page.keyboard.press('Tab')
  await person.page.getByRole('heading', { name: 'Audit' }).click()
  await person.page.keyboard.press('?')
  await person.page.getByRole('dialog').waitFor()
  await person.look('keys')
  await person.page.keyboard.press('Escape')
  await person.page.getByRole('dialog').waitFor({ state: 'hidden' })
  await person.open('now')
  await person.page.keyboard.press('Tab')
  assert.equal(await person.page.evaluate(() => document.activeElement.textContent), 'Skip to content')
  await person.stop()
}

/** Everything that a person does, with the browser's scripts off. */
async function withoutScripts() {
  const person = await Person.start({ javaScriptEnabled: false })
  await person.signIn()
  await person.reads('reload to see changes')
  assert.equal(await person.page.getByText('as it happens').isVisible(), false, 'nothing is live without a script')
  await person.press('Stop everything')
  await person.page.getByRole('link', { name: 'Resume…' }).click()
  await person.press('Resume')
  await person.open('mint')
  await person.page.getByLabel('Task').fill('read without a script')
  await person.choose('read on gmail', 'allow')
  await person.press('Show what it would allow')
  await person.reads('30 allowed')
  await person.press('Mint the pass')
  const pass = await person.page.locator('#token').inputValue()
  assert.equal((await agent(pass, LETTERS)).status, 200)
  await person.open('audit')
  await person.page.getByLabel('Decision').fill('denied')
  await person.press('Filter')
  await person.reads('No such record')
  await person.open(`passes/${PASS_ID}`)
  await person.press('Revoke')
  await person.reads('it is refused from the next request on')
  await person.press('Sign out')
  await person.reads('This is the console of Hallpass')
  await person.stop()
}

/** A page that an agent serves on this machine, opened in the browser that is signed in. */
async function aStrangerOnThisMachine() {
  const person = await Person.start()
  await person.signIn()
  const heard = []
  const stranger = createServer((request, response) => {
    heard.push(request.headers.cookie ?? '')
    response.setHeader('content-type', 'text/html')
    response.end(`<form method="post" action="${CONSOLE}${person.at}/stop"><input name="csrf" value="guess"></form><iframe src="${CONSOLE}${person.at}/now"></iframe>
      <script>fetch('${CONSOLE}${person.at}/now', { credentials: 'include' }).then(answer => answer.text()).then(text => { document.title = 'read ' + text.length }, () => { document.title = 'refused' })</script>`)
  })
  await new Promise(done => stranger.listen(0, '127.0.0.1', done))
  const tab = await person.context.newPage()
  await tab.goto(`http://127.0.0.1:${stranger.address().port}/`)
  await tab.waitForFunction(() => document.title === 'refused')
  const frame = tab.frames().find(each => each !== tab.mainFrame())
  assert.ok(!(await frame.content()).includes('Stop everything'), 'it is not framed')
  await tab.evaluate(() => document.forms[0].submit())
  await tab.getByText('Refused').waitFor()
  assert.ok(heard.length > 0 && heard.every(cookie => !cookie.includes('hallpass')), `the cookie went elsewhere: ${heard}`)
  assert.equal((await agent(PASS, LETTERS)).status, 200, 'nothing was stopped')
  // Its own tab may complain as it likes; the person's does not.
  person.faults = []
  stranger.close()
  stranger.closeAllConnections()
  await person.stop()
}

/** Texts that want to be more than texts, in every place that an agent or a provider writes to. */
async function hostileTexts() {
  const person = await Person.start()
  await person.signIn()
  const task = '<script>alert(1)</script><img src=x onerror=alert(2)> \u202eevil'
  for (const path of ['now', 'passes?show=all', `passes/${process.env.HOSTILE_ID}`, 'audit', `audit/${process.env.HOSTILE_RECORD}`, `audit?operation=${encodeURIComponent('"><script>alert(3)</script>')}`,
    'mint?task=%3C/input%3E%3Cscript%3Ealert(4)%3C/script%3E', 'now?did=%3Cscript%3Ealert(5)%3C/script%3E', 'services/gmail?q=%22%3E%3Cscript%3Ealert(6)%3C/script%3E', 'passes/%3Cscript%3Ealert(7)%3C%2Fscript%3E']) {
    await person.open(path)
    assert.equal(await person.page.evaluate(() => document.scripts.length), 1, path)
    assert.equal(await person.page.locator('img:not([src="/assets/icon.svg"])').count(), 0, path)
    assert.ok(!/[\u202a-\u202e\u2066-\u2069]/.test(await person.page.content()), `${path} turns text around`)
    await person.look(`hostile-${path.split(/[/?]/)[0]}`)
  }
  await person.open(`passes/${process.env.HOSTILE_ID}`)
  await person.page.getByRole('heading', { level: 1 }).getByText('<script>alert(1)</script>').waitFor()
  assert.ok(task.includes('evil') && (await person.page.getByRole('heading', { level: 1 }).textContent()).includes('\\u{202e}evil'))
  await person.stop()
}

async function stopOne() {
  const person = await Person.start()
  await person.signIn()
  await person.open(`passes/${PASS_ID}`)
  await person.press('Stop for now')
  await person.reads('forwards none of its requests until you resume it')
  assert.notEqual((await agent(PASS, LETTERS)).status, 200)
  await person.look('stopped-one')
  await person.open('passes')
  await person.page.getByRole('link', { name: /^Stopped 1/ }).click()
  await person.page.getByRole('link', { name: /triage my inbox/ }).click()
  await person.reads('the pass is stopped: stopped at the console')
  await person.look('pass-stopped')
  await person.page.setViewportSize(PHONE)
  await person.look('pass-stopped-phone')
  await person.open('now')
  await person.page.locator('#now').getByText('Stopped', { exact: true }).waitFor()
  await person.page.getByRole('link', { name: /^Resume/ }).click()
  await person.reads('Let “triage my inbox” go on?')
  await person.look('resume-one-phone')
  assert.notEqual((await agent(PASS, LETTERS)).status, 200, 'a question is no answer')
  await person.press('Resume')
  await person.reads('Resumed:')
  assert.equal((await agent(PASS, LETTERS)).status, 200)
  await person.stop()
}

/** An agent runs into the circuit breaker, and a person sees what it tried, and ends its pass. */
async function breaker() {
  const person = await Person.start()
  await person.signIn()
  for (let n = 0; n < 5; n++) assert.equal((await agent(PASS, `${LETTERS}/alice-1`, { method: 'DELETE' })).status, 403)
  const now = person.page.locator('#now')
  await now.locator('.stopped').first().waitFor()
  await now.getByText(/5 requests that .*delete.* were refused/).first().waitFor()
  await person.look('stopped')
  await person.page.getByRole('link', { name: 'See what it tried' }).click()
  await person.reads('What it tried last')
  await person.page.locator('#stop').getByText('gmail.users.messages.delete on gmail').first().waitFor()
  await person.look('stopped-pass')
  await person.page.getByRole('link', { name: 'End the pass…' }).click()
  await person.press('Revoke')
  await person.reads('it is refused from the next request on')
  await person.reads('would have ended')
  await person.stop()
}

/** The authority ends under an open page, and comes back. */
async function theServerGoes() {
  const person = await Person.start()
  await person.signIn()
  await person.reads('as it happens')
  const stop = person.page.getByRole('button', { name: 'Stop everything' })
  await stop.waitFor()
  process.kill(Number(process.env.SERVE_PID), 'SIGKILL')
  await person.page.getByText(/^Disconnected \d+ s ago/).waitFor()
  await person.reads('This page may be out of date')
  await person.page.getByText('hallpass stop', { exact: true }).waitFor()
  assert.equal(await stop.isVisible(), false, 'nobody hears that button')
  assert.equal(await person.page.getByText('as it happens').isVisible(), false)
  assert.ok(await person.page.locator('main').evaluate(main => main.inert), 'nothing on it can be pressed')
  await person.look('server-gone')
  await person.page.setViewportSize(PHONE)
  await person.look('server-gone-phone')
  assert.match(hallpass('stop'), /^stopped: everything/, 'what the page says instead works')
  const again = spawn(process.env.HALLPASS, ['serve'], { stdio: 'ignore' })
  try {
    await person.page.locator('#lost').waitFor({ state: 'hidden' })
    await person.reads('Stopped. No request of any pass is forwarded.')
    // The front page leads whoever is signed in to their pages, after a restart too.
    await person.page.goto(CONSOLE)
    await person.page.getByRole('heading', { name: 'Now', exact: true }).waitFor()
    assert.equal(new URL(person.page.url()).pathname, `${person.at}/now`)
    await person.press('Sign out')
    await person.reads('This is the console of Hallpass')
    await person.page.goto(CONSOLE)
    await person.reads('It is opened by a link that works once')
  } finally {
    again.kill()
  }
  // What could not be reached while nobody was there.
  person.faults = person.faults.filter(fault => !/ERR_|Failed to load/.test(fault))
  await person.stop()
}

await tell({ theLinkWorksOnce, oneStopHolds, mintFromATemplate, mint, revoke, audit, live, keys, withoutScripts, aStrangerOnThisMachine, hostileTexts, stopOne, breaker, theServerGoes })
