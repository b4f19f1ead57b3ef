"""A stock Biscuit tool that decides: reads worlds from standard input, one JSON object a line, and answers each.

It knows nothing of Hallpass: a world is an authorizer, run without a token. Prints allow, deny or an error, a line each.
"""

import json
import sys
from datetime import timedelta

from biscuit_auth import AuthorizationError, AuthorizerBuilder

for line in sys.stdin:
    try:
        builder = AuthorizerBuilder(json.loads(line)["datalog"])
        limits = builder.limits()
        limits.max_time = timedelta(seconds=5)
        builder.set_limits(limits)
        builder.build_unauthenticated().authorize()
        print("allow")
    except AuthorizationError:
        print("deny")
    except Exception as error:
        print(f"error: {error!r}")
