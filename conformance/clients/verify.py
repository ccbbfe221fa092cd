"""Verifies a signed token with the unmodified Python package joserfc.

What is asked comes as JSON on standard input, the claims go to standard output; a token that is refused ends the
program with the reason.
"""

import json
import sys

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

asked = json.load(sys.stdin)
try:
    token = jwt.decode(asked["token"], KeySet.import_key_set(asked["jwks"]), algorithms=[asked["alg"]])
    expected = {name: {"essential": True, "value": asked[name]} for name in ("iss", "aud")}
    jwt.JWTClaimsRegistry(**expected).validate(token.claims)
except (JoseError, ValueError) as error:
    sys.exit(f"{type(error).__name__}: {error}")
print(json.dumps(token.claims))
