// What Notion's own client declares of the API, as an OpenAPI description on standard output.
//
//     node notion.mjs FOLDER      FOLDER has `node_modules/@notionhq/client`
//
// The names of paths, of parameters and of bodies are what the client runs with; their types, and those of answers, stand
// in its declarations alone, which are a small part of TypeScript: objects, unions, intersections, lists and records.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'

const package_ = resolve(process.argv[2], 'node_modules/@notionhq/client')
const folder = join(package_, 'build/src/api-endpoints')
const require = createRequire(join(package_, 'package.json'))

// What is read: what agents do to pages, and what that takes.
const FILES = ['blocks', 'comments', 'custom-emojis', 'data-sources', 'databases', 'pages', 'search', 'users']

const schemas = {}

// The declarations of a file: `type NAME = TYPE;`.
class Reader {
  constructor(text) {
    this.tokens = text
      .replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
      .match(/"[^"]*"|[A-Za-z_$][\w$]*|-?\d+(?:\.\d+)?|=>|[^\s]/g)
    this.at = 0
  }
  peek() {
    return this.tokens[this.at]
  }
  next() {
    return this.tokens[this.at++]
  }
  takes(token) {
    if (this.peek() !== token) return false
    this.at++
    return true
  }
  expect(token) {
    const got = this.next()
    if (got !== token) throw new Error(`expected ${token}, got ${got} near ${this.tokens.slice(this.at - 8, this.at + 8).join(' ')}`)
  }
  declarations() {
    const found = {}
    while (this.at < this.tokens.length) {
      if (!this.takes('type') || this.tokens[this.at + 1] !== '=') {
        this.at++
        continue
      }
      const name = this.next()
      this.expect('=')
      found[name] = this.union()
      this.expect(';')
    }
    return found
  }
  union() {
    this.takes('|')
    const options = [this.intersection()]
    while (this.takes('|')) options.push(this.intersection())
    const words = options.filter((one) => one.enum).flatMap((one) => one.enum)
    const rest = options.filter((one) => !one.enum)
    if (words.length) rest.unshift({ type: 'string', enum: words })
    return rest.length === 1 ? rest[0] : { oneOf: rest }
  }
  intersection() {
    const parts = [this.listed()]
    while (this.takes('&')) parts.push(this.listed())
    return parts.length === 1 ? parts[0] : { allOf: parts }
  }
  listed() {
    let schema = this.one()
    while (this.peek() === '[' && this.tokens[this.at + 1] === ']') {
      this.at += 2
      schema = { type: 'array', items: schema }
    }
    return schema
  }
  one() {
    const token = this.next()
    if (token === 'readonly') return this.one()
    if (token === '{') return this.object()
    if (token === '(') {
      const inner = this.union()
      this.expect(')')
      return inner
    }
    if (token.startsWith('"')) return { type: 'string', enum: [token.slice(1, -1)] }
    if (['string', 'number', 'boolean', 'null'].includes(token)) return { type: token }
    if (token === 'true' || token === 'false') return { type: 'boolean' }
    if (token === 'unknown' || token === 'any' || token === 'never') return {}
    if (token === 'Blob') return { type: 'string' }
    if (!this.takes('<')) return { $ref: `#/components/schemas/${token}` }
    const inside = [this.union()]
    while (this.takes(',')) inside.push(this.union())
    this.expect('>')
    if (token === 'Array') return { type: 'array', items: inside[0] }
    if (token === 'Record') return record(inside[1])
    throw new Error(`${token}<…> is not read`)
  }
  object() {
    const schema = { type: 'object', properties: {}, required: [] }
    while (!this.takes('}')) {
      if (this.takes('[')) {
        while (!this.takes(']')) this.next()
        this.expect(':')
        schema.additionalProperties = this.union()
        this.expect(';')
        continue
      }
      this.takes('readonly')
      const name = this.next().replaceAll('"', '')
      if (!this.takes('?')) schema.required.push(name)
      this.expect(':')
      schema.properties[name] = this.union()
      this.expect(';')
    }
    if (!schema.required.length) delete schema.required
    return schema
  }
}

// `Record<string, never>` is an object without fields.
function record(value) {
  return Object.keys(value).length ? { type: 'object', additionalProperties: value } : { type: 'object', properties: {} }
}

// A block that mirrors another, by an id anywhere within what is written: no request may hold one.
const MIRROR = 'synced_block'

function isMirror(schema) {
  return Boolean(schema.properties?.[MIRROR]) && !schema.properties.created_time
}

// A union of objects within an intersection: one object for each way.
function flat(schema) {
  if (Array.isArray(schema)) return schema.map(flat)
  if (typeof schema !== 'object' || schema === null) return schema
  const inside = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, flat(value)]))
  if (inside.oneOf) inside.oneOf = inside.oneOf.filter((one) => !isMirror(one))
  if (!inside.allOf) return inside
  const ways = inside.allOf.map(waysOf).reduce((all, some) => all.flatMap((a) => some.map((b) => both(a, b))), [{}])
  return ways.length === 1 ? ways[0] : { oneOf: ways }
}

function waysOf(schema) {
  if (schema.$ref) return waysOf(flat(schemas[schema.$ref.split('/').at(-1)]))
  return schema.oneOf ? schema.oneOf.flatMap(waysOf) : [schema]
}

function both(a, b) {
  const properties = { ...a.properties, ...b.properties }
  const required = [...new Set([...(a.required ?? []), ...(b.required ?? [])])]
  return { type: 'object', properties, ...(required.length ? { required } : {}) }
}

for (const file of [...FILES, 'common']) {
  Object.assign(schemas, new Reader(readFileSync(join(folder, `${file}.d.ts`), 'utf8')).declarations())
}

function reference(name) {
  return { $ref: `#/components/schemas/${name}` }
}

// A type of parameters, as one object: what all of its ways have.
function parameters(name) {
  const ways = schemas[name] ? waysOf(flat(schemas[name])) : []
  return ways.reduce((all, way) => ({ ...all, ...way.properties }), {})
}

const paths = {}
const wanted = new Set()
for (const file of FILES) {
  const endpoints = require(`./build/src/api-endpoints/${file}.js`)
  for (const [name, endpoint] of Object.entries(endpoints)) {
    const type = name[0].toUpperCase() + name.slice(1)
    const path = `/v1/${endpoint.path(Object.fromEntries(endpoint.pathParams.map((one) => [one, `{${one}}`])))}`
    const query = parameters(`${type}QueryParameters`)
    const all = [
      ...endpoint.pathParams.map((one) => ({ name: one, in: 'path', required: true, schema: { type: 'string' } })),
      ...endpoint.queryParams.map((one) => ({ name: one, in: 'query', schema: query[one] ?? { type: 'string' } })),
    ]
    const operation = { operationId: name, parameters: all }
    if (endpoint.bodyParams.length) {
      wanted.add(`${type}BodyParameters`)
      operation.requestBody = { content: { 'application/json': { schema: reference(`${type}BodyParameters`) } } }
    }
    wanted.add(`${type}Response`)
    operation.responses = { 200: { description: '', content: { 'application/json': { schema: reference(`${type}Response`) } } } }
    paths[path] = { ...paths[path], [endpoint.method]: operation }
  }
}

// Only what is referred to.
const kept = {}
const waiting = [...wanted]
while (waiting.length) {
  const name = waiting.pop()
  if (kept[name]) continue
  kept[name] = flat(schemas[name])
  JSON.stringify(kept[name], (key, value) => (key === '$ref' && waiting.push(value.split('/').at(-1)), value))
}

const { version } = require('./package.json')
const description = {
  openapi: '3.1.0',
  info: { title: 'Notion API', version: `@notionhq/client ${version}` },
  servers: [{ url: 'https://api.notion.com' }],
  components: {
    securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    schemas: Object.fromEntries(Object.entries(kept).sort(([a], [b]) => (a < b ? -1 : 1))),
  },
  security: [{ token: [] }],
  paths,
}
console.log(JSON.stringify(description))
