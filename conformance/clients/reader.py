"""A relying party's encryption key in the unmodified Python package joserfc.

Prints the public key; then answers each line of JSON: {"decrypt": token} or {"encrypt": text, "to": jwk, "alg": name}.
"""

import json
import os
import sys

from joserfc import jwe
from joserfc.jwk import ECKey, RSAKey, import_key

alg = os.environ["ALG"]
key = RSAKey.generate_key(2048) if alg.startswith("RSA") else ECKey.generate_key("P-256")
print("KEY", json.dumps(key.as_dict(private=False)), flush=True)

for line in sys.stdin:
    asked = json.loads(line)
    if "decrypt" in asked:
        opened = jwe.decrypt_compact(asked["decrypt"], key, algorithms=[alg, "A256GCM"])
        answer = {"header": opened.protected, "text": opened.plaintext.decode()}
    else:
        header = {"alg": asked["alg"], "enc": "A256GCM", "cty": "JWT", "kid": asked["to"]["kid"]}
        text = jwe.encrypt_compact(header, asked["encrypt"].encode(), import_key(asked["to"]), [asked["alg"], "A256GCM"])
        answer = {"text": text}
    print("READ", json.dumps(answer), flush=True)
