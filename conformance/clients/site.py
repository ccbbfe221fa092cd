"""A small site made with the unmodified Python package Authlib, for the homologation bench.

What the library leaves to its user is done here: the issuer of the answer, the keys, the level, userinfo's subject.
"""

import os
import secrets
import sys
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # loopback only

from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import KeySet

ISSUER, CLIENT_ID, PORT = os.environ["ISSUER"], os.environ["CLIENT_ID"], int(os.environ["PORT"])
BASE = f"http://localhost:{PORT}"


def oauth(state=None):
    session = OAuth2Session(
        CLIENT_ID,
        os.environ["CLIENT_SECRET"],
        scope="openid profile",
        redirect_uri=f"{BASE}/callback",
        state=state,
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic",
        default_timeout=3,
    )
    session.trust_env = False
    return session


def read(address):
    return oauth().request("GET", address, withhold_token=True, timeout=3).json()


metadata = read(f"{ISSUER}/.well-known/openid-configuration")
assert metadata["issuer"] == ISSUER
keys = KeySet.import_key_set(read(metadata["jwks_uri"]))
pending, citizens = {}, {}


def decoded(token):
    global keys
    algorithms = metadata["id_token_signing_alg_values_supported"]
    try:
        return jwt.decode(token, keys, algorithms=algorithms)
    except (InvalidKeyIdError, ValueError):
        keys = KeySet.import_key_set(read(metadata["jwks_uri"]))
        return jwt.decode(token, keys, algorithms=algorithms)


def login(browser):
    verifier, nonce = generate_token(48), generate_token(32)
    address, state = oauth().create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce, acr_values="eidas1"
    )
    pending[browser] = (state, nonce, verifier)
    return address


def callback(browser, address):
    state, nonce, verifier = pending.pop(browser)
    answer = parse_qs(urlsplit(address).query)
    assert answer.get("state") == [state], "state is another"
    assert answer.get("iss") == [ISSUER], "iss is another"
    session = oauth(state)
    token = session.fetch_token(
        metadata["token_endpoint"], authorization_response=address, state=state, code_verifier=verifier, timeout=3
    )
    told = decoded(token["id_token"])
    claims = CodeIDToken(
        told.claims,
        told.header,
        options={
            "iss": {"essential": True, "value": ISSUER},
            "aud": {"essential": True, "value": CLIENT_ID},
            "nonce": {"essential": True, "value": nonce},
            "acr": {"essential": True, "values": ["eidas1", "eidas2", "eidas3"]},
        },
        params={"access_token": token["access_token"], "nonce": nonce},
    )
    claims.validate(leeway=5)
    userinfo = session.get(metadata["userinfo_endpoint"], timeout=3).json()
    assert userinfo["sub"] == claims["sub"], "sub is another"
    citizens[browser] = (userinfo["family_name"], token["id_token"])


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, text="", to=None):
        body = f"<p>{text}</p>".encode()
        self.send_response(status)
        self.send_header("set-cookie", f"session={self.browser}; Path=/; HttpOnly; SameSite=Lax")
        self.send_header("content-type", "text/html; charset=utf-8")
        self.send_header("content-length", str(len(body)))
        if to:
            self.send_header("location", to)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        cookie = SimpleCookie(self.headers.get("cookie", "")).get("session")
        self.browser = cookie.value if cookie else secrets.token_urlsafe(32)
        path = urlsplit(self.path).path
        try:
            if path == "/login":
                return self.answer(303, to=login(self.browser))
            if path == "/callback":
                callback(self.browser, BASE + self.path)
                return self.answer(303, to="/")
            if path == "/logout":
                _, id_token = citizens.pop(self.browser)
                query = {"id_token_hint": id_token, "post_logout_redirect_uri": f"{BASE}/bye", "state": generate_token(32)}
                return self.answer(303, to=f"{metadata['end_session_endpoint']}?{urlencode(query)}")
        except Exception as error:  # whatever failed, the citizen reads a page
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            return self.answer(400, 'Connexion impossible. <a href="/login">Recommencer</a>')
        citizen = citizens.get(self.browser)
        return self.answer(200, f"Bonjour {citizen[0]}" if citizen else "Bonjour")

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", PORT), Site)
print(f"listening on {BASE}", flush=True)
server.serve_forever()
