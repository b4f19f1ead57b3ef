// What the console's pages do with a script that they also do without one, less conveniently:
// a page refreshes itself when something changes, a form shows what it would do while it is filled in,
// texts are copied by a press, and keys lead around. It holds no state and knows no page.
'use strict'

const at = document.body.dataset.at

// A form that was sent leads on by itself.
let leaving = false
document.addEventListener('submit', () => { leaving = true })
addEventListener('pageshow', () => { leaving = false })
/** Shows that the session has ended, which any page then says. */
function signedOut() {
  if (!leaving) location.reload()
}

/** Fetches a page of the console and returns it parsed; nothing in it runs. */
async function load(url, options = {}) {
  const answer = await fetch(url, { ...options, headers: { ...options.headers, 'hallpass-live': '1' } })
  if (answer.status === 403) signedOut()
  return new DOMParser().parseFromString(await answer.text(), 'text/html')
}

/** Puts the element of `page` in the place of the one here with the same id. */
function replace(here, page) {
  const fresh = page.getElementById(here.id)
  if (!fresh || fresh.innerHTML === here.innerHTML) return
  const focused = here.contains(document.activeElement) ? document.activeElement : null
  // Nobody is interrupted while filling something in.
  if (focused?.matches('input, select, textarea')) return
  const open = new Set([...here.querySelectorAll('details[open][id]')].map(each => each.id))
  here.replaceWith(document.adoptNode(fresh))
  for (const each of fresh.querySelectorAll('details[id]')) each.open ||= open.has(each.id)
  if (!focused) return
  const same = focused.id ? `#${CSS.escape(focused.id)}` : `[href="${CSS.escape(focused.getAttribute('href') ?? '')}"]`
  fresh.querySelector(same)?.focus()
}

let refreshing = false
let again = false
async function refresh() {
  // The page that is on its way may have been written before this change.
  again = true
  if (refreshing) return
  refreshing = true
  try {
    while (again) {
      again = false
      const parts = document.querySelectorAll('[data-live][id]')
      if (parts.length === 0) return
      const page = await load(location.href.split('#')[0])
      for (const part of parts) replace(part, page)
    }
  } catch {
    // The authority is away; the next change, or the next minute, tries again.
  } finally {
    refreshing = false
  }
}

let changes = null
function listen() {
  changes?.close()
  changes = null
  if (!at || document.hidden) return
  changes = new EventSource(`${at}/events`)
  changes.addEventListener('change', refresh)
  // Nobody told of what changed between the page and now.
  changes.addEventListener('open', refresh)
  // Refused for good: the session has ended, and asking for the page says so. Else nobody may be there.
  changes.addEventListener('error', () => { changes?.readyState === EventSource.CLOSED ? refresh() : probe() })
}

// A page that is not up to date says so: nobody acts on what is not so any more.
const show = (what, is) => { for (const each of document.querySelectorAll(what)) each.hidden = !is }
let seen = Date.now()
let lost = false
let probing = false
async function probe() {
  if (!at || document.hidden || probing) return
  probing = true
  try {
    const answer = await fetch(`${at}/alive`, { headers: { 'hallpass-live': '1' }, cache: 'no-store', signal: AbortSignal.timeout(1_000) })
    if (answer.status === 403) signedOut()
    if (!answer.ok) throw new Error('not there')
    seen = Date.now()
    if (lost) reveal(false)
  } catch {
    reveal(true)
  } finally {
    probing = false
  }
}
function reveal(isLost) {
  const seconds = Math.max(1, Math.round((Date.now() - seen) / 1_000))
  document.getElementById('lost-since').textContent = `Disconnected ${seconds} s ago.`
  if (isLost === lost) return
  lost = isLost
  document.body.classList.toggle('lost', lost)
  for (const each of document.querySelectorAll('main, .bar nav')) each.inert = lost
  show('#lost, .if-lost', lost)
  show('form:has(> button.stop)', !lost)
  show('.if-live', !lost)
  show('.if-not-live', lost)
  if (!lost) { refresh(); listen() }
}

if (at) {
  setInterval(probe, 1_000)
  // Only this origin reads it, and it opens nothing without the session's cookie.
  try { localStorage.setItem('hallpass-at', at) } catch { /* the front page then leads nowhere */ }
}
/** Leads a browser that is signed in from the front page to its own. */
async function lead() {
  const kept = localStorage.getItem('hallpass-at')
  if (!/^\/s\/[\w-]+$/.test(kept ?? '')) return
  const answer = await fetch(`${kept}/alive`, { headers: { 'hallpass-live': '1' }, cache: 'no-store' }).catch(() => null)
  if (answer?.ok) location.replace(`${kept}/now`)
  else localStorage.removeItem('hallpass-at')
}
if ('front' in document.body.dataset) lead()

if (document.querySelector('[data-live]')) {
  show('.if-live', true)
  show('.if-not-live', false)
  listen()
  document.addEventListener('visibilitychange', () => { listen(); if (!document.hidden) { probe(); refresh() } })
  setInterval(() => { if (!document.hidden) refresh() }, 30_000)
}

// A form that shows beside it what it would do: `data-preview` names the address and the part of its answer.
for (const form of document.querySelectorAll('form[data-preview]')) {
  const target = form.dataset.previewInto
  let pending = 0
  let latest = 0
  form.addEventListener('input', () => {
    clearTimeout(pending)
    pending = setTimeout(async () => {
      const turn = ++latest
      const fields = new URLSearchParams(new FormData(form))
      const isPost = form.method === 'post'
      const url = isPost ? form.dataset.preview : `${form.dataset.preview}?${fields}`
      const page = await load(url, isPost ? { method: 'POST', body: fields } : {})
      if (turn === latest) replace(document.getElementById(target), page)
    }, 250)
  })
}

document.addEventListener('click', async event => {
  const button = event.target.closest('[data-copy]')
  if (!button) return
  const source = document.getElementById(button.dataset.copy)
  await navigator.clipboard.writeText(source.value ?? source.textContent.trim())
  const label = button.textContent
  button.textContent = 'Copied'
  setTimeout(() => { button.textContent = label }, 1_500)
})
for (const button of document.querySelectorAll('[data-copy]')) button.hidden = false

// Keys: `/` filters, `?` explains, `g` and a letter goes to a page.
const help = document.getElementById('keys')
let going = false
document.addEventListener('keydown', event => {
  const isTyping = event.target.matches('input, select, textarea')
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return
  if (going) {
    going = false
    document.querySelector(`[data-key="${CSS.escape(event.key)}"]`)?.click()
    return
  }
  if (event.key === 'g') going = true
  if (event.key === '?' && help) help.open ? help.close() : help.showModal()
  const filter = document.querySelector('[data-filter]')
  if (event.key === '/' && filter) {
    event.preventDefault()
    filter.focus()
  }
})
