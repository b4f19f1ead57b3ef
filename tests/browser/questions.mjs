// A person answers the questions of an agent, which waits at the gateway.

import assert from 'node:assert/strict'
import { agent, eventually, hallpass, link, Person, PHONE, tell } from './person.mjs'

const LETTERS = '/gmail/gmail/v1/users/me/messages'
const { PASS } = process.env

/** Sends a letter through the gateway; held open until a person answers, where that is asked for. */
function send(letter, wait) {
  const lines = ['From: alice@example.com', 'To: bob@example.net, Carol <carol@example.org>', 'Bcc: mallory@example.com', `Subject: ${letter.subject}`,
    'Content-Type: text/plain; charset=utf-8', '', letter.text]
  const raw = Buffer.from(lines.join('\r\n')).toString('base64url')
  const headers = { 'content-type': 'application/json', ...(wait ? { prefer: `wait=${wait}` } : {}) }
  return agent(PASS, `${LETTERS}/send`, { method: 'POST', headers, body: JSON.stringify({ raw }) })
}

const DINNER = { subject: 'Dinner on Friday', text: 'Hello both,\n\nFriday at eight, at the usual place?\n\nAlice' }

const EVIL = { subject: '=?utf-8?B?' + Buffer.from('<script>alert(9)</script> \u202eevil').toString('base64') + '?=',
  text: '<img src=x onerror=alert(10)> \u202eturned around' + '\n'.repeat(60) + 'and at the very end: pay' }

async function approve() {
  const person = await Person.start()
  await person.signIn()
  const held = send(DINNER, 60)
  // It comes by itself, and the person sees what would be sent before anything that the agent says.
  await person.page.locator('#now').getByText('Waits for you').waitFor()
  await person.look('now-waiting')
  await person.page.getByRole('link', { name: /Send a letter/ }).first().click()
  for (const seen of ['bob@example.net', 'carol@example.org', 'mallory@example.com', 'Dinner on Friday', 'Friday at eight', 'This cannot be taken back']) await person.reads(seen)
  await person.look('approval')
  await person.page.setViewportSize(PHONE)
  await person.look('approval-phone')
  await person.press('Approve')
  await person.reads('Approved:')
  assert.equal((await held).status, 200)
  await person.open('approvals')
  await person.reads('Answered before')
  await person.look('approvals-phone')
  await person.stop()
}

async function approveMoreThanOnce() {
  const person = await Person.start()
  await person.signIn()
  assert.equal((await send(DINNER)).status, 403)
  await person.open('approvals')
  await person.page.getByRole('link', { name: /Send a letter/ }).click()
  await person.page.getByText('More than once').click()
  await person.page.getByLabel('This many times:').check()
  await person.page.getByLabel('How often').fill('2')
  await person.look('approval-scopes')
  await person.press('Approve')
  await person.reads('Approved:')
  for (const status of [200, 200, 403]) assert.equal((await send({ ...DINNER, text: `and ${status} more` })).status, status)
  await person.stop()
}

async function deny() {
  const person = await Person.start()
  await person.signIn()
  const held = send(EVIL, 60)
  await person.page.locator('#now').getByText('Waits for you').waitFor()
  await person.page.getByRole('link', { name: /Send a letter/ }).first().click()
  await person.reads('<script>alert(9)</script>')
  await person.reads('line ends')
  assert.ok(!/[\u202a-\u202e]/.test(await person.page.content()), 'nothing turns text around')
  assert.equal(await person.page.evaluate(() => document.scripts.length), 1)
  await person.look('approval-hostile')
  await person.page.getByLabel('Because').fill('not <b>this</b> week')
  await person.press('Deny')
  await person.reads('Denied:')
  const answer = await held
  assert.equal(answer.status, 403)
  assert.match(await answer.text(), /not <b>this<\/b> week/)
  await person.reads('not <b>this</b> week')
  await person.look('approvals')
  await person.stop()
}

/** A question that is open in two tabs, and answered in a terminal meanwhile. */
async function answeredElsewhere() {
  const person = await Person.start()
  await person.signIn()
  await person.reads('You answer as owner')
  assert.equal((await send(DINNER)).status, 403)
  const [{ id }] = JSON.parse(hallpass('approvals', '--json'))
  await person.open(`approvals/${id}`)
  // A page that keeps itself up to date has no button for what was answered; one without scripts has, and is not heard.
  const stale = await Person.start({ javaScriptEnabled: false })
  await stale.signIn()
  await stale.open(`approvals/${id}`)
  hallpass('deny', id, '--because', 'not this week')
  await person.reads('Only owner can take this no back.')
  assert.equal(await person.page.getByRole('button', { name: 'Approve', exact: true }).count(), 0)
  assert.equal(await person.page.getByRole('button', { name: 'Deny', exact: true }).count(), 0)
  await person.reads('An agent asked')
  await person.look('approval-answered-elsewhere')
  const answer = stale.page.waitForResponse(each => each.request().method() === 'POST')
  await stale.press('Approve')
  assert.equal((await answer).status(), 409)
  await stale.reads(/was denied by/)
  await stale.stop()
  assert.equal((await send(DINNER)).status, 403)
  assert.match(await (await send({ ...DINNER, text: 'in other words' })).text(), /not this week/)
  // The one who said no thinks better of it, in two steps, and both answers stay.
  await person.page.getByText('Change my mind…').click()
  await person.press('Ask again')
  await person.reads('You took your no back')
  assert.equal((await send(DINNER)).status, 403, 'nothing is approved by that')
  await person.press('Approve')
  await person.reads('Approved:')
  await person.reads(/denied by owner: not this week, reopened by owner, approved by owner/)
  await person.look('approvals-history')
  await person.open(`approvals/${id}`)
  await person.reads('Take back the approval')
  await person.look('approval-granted')
  assert.equal((await send(DINNER)).status, 200)
  await person.reads('approved, used')
  assert.equal(await person.page.getByRole('button', { name: 'Take it back' }).count(), 0)
  await person.stop()
}

/** With several approvers nobody is chosen beforehand: by the link, or in each answer. */
async function whoAnswersIsSaid() {
  hallpass('approvers', 'add', 'anna')
  const person = await Person.start()
  await person.signIn()
  await person.reads('Each answer asks who you are')
  assert.equal((await send(DINNER)).status, 403)
  const [{ id }] = JSON.parse(hallpass('approvals', '--json'))
  await person.open(`approvals/${id}`)
  const as = person.page.getByLabel('As', { exact: true }).first()
  assert.equal(await as.inputValue(), '')
  await person.look('approval-who')
  await person.press('Approve')
  assert.ok(person.page.url().endsWith(id), 'the browser asks who it is')
  assert.equal(JSON.parse(hallpass('approvals', '--json')).length, 1)
  await person.stop()
  const anna = await Person.start()
  await anna.signIn('--as', 'anna')
  await anna.reads('You answer as anna')
  await anna.open(`approvals/${id}`)
  assert.equal(await anna.page.getByLabel('As', { exact: true }).count(), 0)
  await anna.press('Approve')
  await anna.reads(/approved by anna/)
  await anna.stop()
}

/** What the recipient will read is on the card; a card of a pass that is held says so. */
async function theCardShowsWhatIsRead() {
  const person = await Person.start()
  await person.signIn()
  const lines = ['From: Alice <alice@example.com>', 'To: Bob <bob@example.net>', 'Cc: eve@evil.example', 'Reply-To: x@evil.example', 'Subject: hi',
    'MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=o', '', '--o', 'Content-Type: multipart/alternative; boundary=b', '',
    '--b', 'Content-Type: text/plain', '', 'Thanks!', '--b', 'Content-Type: text/html', '',
    '<p>WIRE 1000</p><p style="display:none">unseen words</p><a href="https://evil.example/x">bank</a>', '--b--',
    '--o', 'Content-Type: application/pdf; name="a.pdf"', 'Content-Disposition: attachment; filename="a.pdf"', '', '%PDF', '--o--', '']
  const raw = Buffer.from(lines.join('\r\n')).toString('base64url')
  const held = agent(PASS, `${LETTERS}/send`, { method: 'POST', headers: { 'content-type': 'application/json', prefer: 'wait=30' }, body: JSON.stringify({ raw }) })
  await eventually('the question', () => JSON.parse(hallpass('approvals', '--json')).length === 1)
  const [{ id }] = JSON.parse(hallpass('approvals', '--json'))
  await person.open(`approvals/${id}`)
  for (const seen of ['alice@example.com (Alice)', 'bob@example.net (Bob)', 'eve@evil.example', 'x@evil.example', 'Thanks!', 'WIRE 1000', 'may be hidden: unseen words',
    'leads to https://evil.example/x', 'a.pdf', 'SHA-256', 'an agent is waiting now']) await person.reads(seen)
  await person.look('approval-letter')
  hallpass('stop', '--task', 'triage my inbox')
  await person.reads('Nothing goes out for now')
  await person.look('approval-held')
  await person.page.setViewportSize(PHONE)
  await person.look('approval-letter-phone')
  assert.notEqual((await held).status, 200)
  await person.stop()
}

await tell({ approve, approveMoreThanOnce, deny, answeredElsewhere, whoAnswersIsSaid, theCardShowsWhatIsRead })
