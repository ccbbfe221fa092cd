"""A relying party made with the unmodified Python package Authlib.

Prints the address to open; reads the address that the citizen came back to; prints what it learnt, as JSON.
"""

import json
import os
import sys

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # loopback only

from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

issuer = os.environ["ISSUER"]
session = OAuth2Session(
    os.environ["CLIENT_ID"],
    os.environ["CLIENT_SECRET"],
    scope=os.environ["SCOPE"],
    redirect_uri=os.environ["REDIRECT_URI"],
    code_challenge_method="S256",
    token_endpoint_auth_method="client_secret_basic",
)
session.trust_env = False
metadata = session.request("GET", f"{issuer}/.well-known/openid-configuration", withhold_token=True).json()
assert metadata["issuer"] == issuer

verifier, nonce = generate_token(48), generate_token(32)
address, state = session.create_authorization_url(
    metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce, acr_values="eidas1"
)
print("OPEN", address, flush=True)

back = sys.stdin.readline().strip()
token = session.fetch_token(
    metadata["token_endpoint"], authorization_response=back, state=state, code_verifier=verifier
)
keys = KeySet.import_key_set(session.request("GET", metadata["jwks_uri"], withhold_token=True).json())
decoded = jwt.decode(token["id_token"], keys, algorithms=metadata["id_token_signing_alg_values_supported"])
claims = CodeIDToken(
    decoded.claims,
    decoded.header,
    options={
        "iss": {"essential": True, "value": issuer},
        "aud": {"essential": True, "value": os.environ["CLIENT_ID"]},
        "nonce": {"essential": True, "value": nonce},
    },
    params={"access_token": token["access_token"], "nonce": nonce},
)
claims.validate(leeway=5)
userinfo = session.get(metadata["userinfo_endpoint"]).json()
assert userinfo["sub"] == claims["sub"]
print("LEARNT", json.dumps({"id_token": dict(claims), "userinfo": userinfo}), flush=True)
