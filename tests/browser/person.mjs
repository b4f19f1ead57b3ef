// A person at the console: a real browser, signed in by the link that `hallpass console` prints.
//
// Everything that a page does wrong on its own is collected and fails the test that opened it: a script error, something
// that the content policy forbids, a request to anywhere else, sideways scrolling, what axe calls serious or critical.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync']
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const screenshots = process.env.SCREENSHOTS

export const DESKTOP = { width: 1280, height: 800 }
export const PHONE = { width: 375, height: 812 }

/** Runs `hallpass …` on the test's home: its standard output. */
export function hallpass(...words) {
  return execFileSync(process.env.HALLPASS, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
}

export const link = (...more) => hallpass('console', '--no-browser', ...more)

/** A request of an agent, at the gateway. */
export function agent(pass, path, options = {}) {
  return fetch(`${process.env.GATEWAY}${path}`, { ...options, headers: { ...options.headers, authorization: `Bearer ${pass}` } })
}

/** Asks until the answer is true; says what it waited for. */
export async function eventually(what, ask) {
  for (const end = Date.now() + 20_000; Date.now() < end; await new Promise(done => setTimeout(done, 50))) {
    if (await ask()) return
  }
  assert.fail(`waited for ${what} in vain`)
}

export class Person {
  faults = []

  static async start(options = {}) {
    const person = new Person()
    person.folder = mkdtempSync(join(tmpdir(), 'console-'))
    person.context = await chromium.launchPersistentContext(person.folder,
      { executablePath: process.env.CHROMIUM, args: FLAGS, viewport: DESKTOP, ...options })
    person.page = person.context.pages()[0] ?? await person.context.newPage()
    person.watch(person.page)
    return person
  }

  watch(page) {
    page.setDefaultTimeout(20_000)
    page.on('pageerror', error => this.faults.push(`script: ${error}`))
    page.on('dialog', dialog => { this.faults.push(`dialog: ${dialog.message()}`); dialog.dismiss() })
    page.on('console', line => { if (line.type() === 'error' && !/status of (4|5)\d\d/.test(line.text())) this.faults.push(`console: ${line.text()}`) })
    page.on('request', request => {
      if (!request.url().startsWith(process.env.CONSOLE) && !request.url().startsWith('data:')) this.faults.push(`request: ${request.url()}`)
    })
  }

  /** Opens a link and presses the button; the path below which the session is. */
  async signIn(...more) {
    await this.page.goto(link(...more))
    await this.page.getByRole('button', { name: 'Sign in' }).click()
    await this.page.getByRole('heading', { name: 'Now', exact: true }).waitFor()
    this.at = new URL(this.page.url()).pathname.replace(/\/now$/, '')
    return this.at
  }

  /** Opens a page of the session. */
  async open(path) {
    const answer = await this.page.goto(`${process.env.CONSOLE}${this.at}/${path}`)
    return answer.status()
  }

  async press(name) {
    await this.page.getByRole('button', { name, exact: true }).first().click()
  }

  async choose(group, answer) {
    await this.page.getByRole('radiogroup', { name: group }).getByRole('radio', { name: answer }).check()
  }

  async reads(text) {
    await this.page.getByText(text).first().waitFor()
  }

  /** Looks at the page as it is: a picture of it, nothing off the side, nothing that axe finds serious. */
  async look(name) {
    if (screenshots) {
      mkdirSync(screenshots, { recursive: true })
      await this.page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true })
    }
    const wide = await this.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    if (wide > 0) this.faults.push(`${name}: scrolls ${wide} px sideways`)
    for (const violation of await this.barriers()) {
      for (const node of violation.nodes) this.faults.push(`${name}: ${violation.id}: ${node.target}: ${node.failureSummary}`)
    }
  }

  /** What axe calls serious or critical. */
  async barriers() {
    // Evaluated by the driver, so the page's own policy does not have to allow it.
    await this.page.evaluate(AXE)
    const found = await this.page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }))
    return found.violations.filter(each => ['serious', 'critical'].includes(each.impact))
  }

  async stop() {
    await this.context.close()
    rmSync(this.folder, { recursive: true, force: true })
    assert.deepEqual(this.faults, [], 'the pages did nothing wrong')
  }
}

/** Runs the story that the command line names; the last line of standard output says that it ended well. */
export async function tell(stories) {
  const story = stories[process.argv[2]]
  assert.ok(story, `there is a story \`${process.argv[2]}\``)
  await story()
  console.log(JSON.stringify({ told: process.argv[2] }))
}
