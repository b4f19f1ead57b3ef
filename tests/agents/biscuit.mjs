// The same as biscuit.py with biscuit-wasm.
//
// usage: biscuit.mjs CHECK     environment: KEYS (hexadecimal public keys by id, as JSON), PASS

import * as biscuit from '@biscuit-auth/biscuit-wasm'

const keys = JSON.parse(process.env.KEYS)
const root = (id) => biscuit.PublicKey.fromBytes(Buffer.from(keys[id], 'hex'), biscuit.SignatureAlgorithm.Ed25519)
const token = biscuit.Biscuit.fromBase64WithProvider(process.env.PASS.replace(/^hallpass_/, ''), root)
const builder = new biscuit.BlockBuilder()
builder.addCode(process.argv[2])
const narrower = token.appendBlock(builder)
console.log(JSON.stringify({ blocks: token.countBlocks(), source: token.getBlockSource(0), pass: narrower.toBase64() }))
