# pip install authlib joserfc requests
import os

@PYTHON_LOOPBACK@from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet
from urllib.parse import parse_qs, urlsplit
import requests

ISSUER, CLIENT_ID = "@ISSUER@", "@CLIENT_ID@"
METADATA = requests.get(ISSUER + "/.well-known/openid-configuration", timeout=5).json()


def session(state=None):
    return OAuth2Session(
        CLIENT_ID,
        os.environ["OIDC_CLIENT_SECRET"],
        scope="@SCOPE@",
        redirect_uri="@REDIRECT_URI@",
        state=state,
        code_challenge_method="S256",
        token_endpoint_auth_method="@METHOD@",
    )


# The address to send the citizen to; keep `pending` in their session on your site.
def sign_in():
    verifier, nonce = generate_token(48), generate_token(32)
    address, state = session().create_authorization_url(
        METADATA["authorization_endpoint"], code_verifier=verifier, nonce=nonce, acr_values="eidas1"
    )
    return address, {"state": state, "nonce": nonce, "verifier": verifier}


# At the redirect URI, with the whole address that the citizen came back to.
def signed_in(address, pending):
    if parse_qs(urlsplit(address).query).get("iss") != [ISSUER]:
        raise ValueError("the answer is of another issuer")
    oauth = session(pending["state"])
    token = oauth.fetch_token(
        METADATA["token_endpoint"],
        authorization_response=address,
        state=pending["state"],
        code_verifier=pending["verifier"],
    )
    keys = KeySet.import_key_set(requests.get(METADATA["jwks_uri"], timeout=5).json())
    told = jwt.decode(token["id_token"], keys, algorithms=["@ALGORITHM@"])
    claims = CodeIDToken(
        told.claims,
        told.header,
        options={
            "iss": {"essential": True, "value": ISSUER},
            "aud": {"essential": True, "value": CLIENT_ID},
            "nonce": {"essential": True, "value": pending["nonce"]},
            "acr": {"essential": True, "values": ["eidas1", "eidas2", "eidas3"]},
        },
        params={"access_token": token["access_token"], "nonce": pending["nonce"]},
    )
    claims.validate(leeway=5)
    citizen = oauth.get(METADATA["userinfo_endpoint"]).json()
    if citizen["sub"] != claims["sub"]:
        raise ValueError("userinfo is of another citizen")
    return citizen
