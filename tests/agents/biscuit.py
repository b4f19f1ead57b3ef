"""A sub-agent's parent with biscuit-python: reads a pass, narrows it, and knows nothing of Hallpass but its root keys.

usage: biscuit.py CHECK     environment: KEYS (hexadecimal public keys by id, as JSON), PASS
Prints one JSON object: {"blocks": …, "facts": …, "pass": the narrower one}.
"""

import json
import os
import sys

from biscuit_auth import Algorithm, Biscuit, BlockBuilder, PublicKey

KEYS = json.loads(os.environ["KEYS"])


def root(key_id):
    return PublicKey.from_bytes(bytes.fromhex(KEYS[str(key_id)]), Algorithm.Ed25519)


token = Biscuit.from_base64(os.environ["PASS"].removeprefix("hallpass_"), root)
narrower = token.append(BlockBuilder(sys.argv[1]))
print(json.dumps({"blocks": token.block_count(), "source": token.block_source(0), "pass": narrower.to_base64()}))
