// What the console's pages do with a script that they also do without one, less conveniently:
// a page refreshes itself when something changes, a form shows what it would do while it is filled in,
// texts are copied by a press, and keys lead around. It holds no state and knows no page.
'use strict'

const at = document.body.dataset.at

/** Fetches a page of the console and returns it parsed; nothing in it runs. */
async function load(url, options = {}) {
  const answer = await fetch(url, { ...options, headers: { ...options.headers, 'hallpass-live': '1' } })
  if (answer.status === 403) location.reload()
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
async function refresh() {
  const parts = document.querySelectorAll('[data-live][id]')
  if (refreshing || parts.length === 0) return
  refreshing = true
  try {
    const page = await load(location.href.split('#')[0])
    for (const part of parts) replace(part, page)
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
  // Refused for good: the session has ended, and asking for the page says so.
  changes.addEventListener('error', () => { if (changes?.readyState === EventSource.CLOSED) refresh() })
}

if (document.querySelector('[data-live]')) {
  listen()
  document.addEventListener('visibilitychange', () => { listen(); if (!document.hidden) refresh() })
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
