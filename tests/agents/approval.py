"""Whether a stock Biscuit library verifies a pass with an approver's block in it, and what the block says.

usage: approval.py TOKEN     environment: KEYS (hexadecimal root keys by id, as JSON)
Prints the last block, and the key that signed it; or the error.
"""

import json
import os
import sys

from biscuit_auth import Algorithm, Biscuit, PublicKey

KEYS = {int(id): PublicKey.from_bytes(bytes.fromhex(key), Algorithm.Ed25519) for id, key in json.loads(os.environ["KEYS"]).items()}

try:
    token = Biscuit.from_base64(sys.argv[1].removeprefix("hallpass_"), lambda id: KEYS[id or 0])
    last = token.block_count() - 1
    print(json.dumps({"source": token.block_source(last), "by": str(token.block_external_key(last))}))
except Exception as error:
    print(json.dumps({"error": str(error)}))
