"""Logging in at an OpenID Connect provider: the authorization code flow with PKCE, and which account somebody is.

Nonce and code verifier follow from the state and Lobke's key, so whoever calls only keeps the state.
"""

import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from sqlalchemy import update
from sqlalchemy.engine import Connection

from bot import clock
from bot.accounts.accounts import Account, find, normal
from bot.accounts.audit import record
from bot.keys import derived_key
from bot.settings import settings
from bot.storage import tables
from bot.storage.database import transaction

SECONDS = 5.0  # for each request to the provider
CLOCKS_DIFFER = 60  # seconds
SIGNATURES = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
SECOND_FACTORS = {"mfa", "otp"}

_accounts = tables.accounts


class ProviderDown(Exception):
    """The provider does not answer, or not as it should. Trying again later may work."""


class Untrusted(Exception):
    """What came back is not an answer of this provider to this login."""


class NotVerified(Exception):
    """The provider does not vouch for an e-mail address, and knows this person for no account yet."""


class NoAccount(Exception):
    """There is no account for this person, it is disabled, or it belongs to another person at the provider."""


@dataclass(frozen=True)
class Person:
    """Who logged in at the provider. `subject`: 64 hex digits; `email`: "" unless the provider checked it."""

    subject: str
    email: str
    gave_second_factor: bool


def address(state: str, redirect_uri: str) -> str:
    """Where the browser goes to log in. Raises ProviderDown."""
    with _client() as http:
        endpoint = _configuration(http)["authorization_endpoint"]
    query = {
        "response_type": "code",
        "client_id": settings().oidc_client_id,
        "redirect_uri": redirect_uri,
        "scope": "openid email",
        "state": state,
        "nonce": _nonce(state),
        "code_challenge": create_s256_code_challenge(_verifier(state)),
        "code_challenge_method": "S256",
    }
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"


def try_out() -> None:
    """Asks the provider what it offers. Raises ProviderDown and Untrusted."""
    with _client() as http:
        _configuration(http)


def person(code: str, state: str, redirect_uri: str) -> Person:
    """Whom the provider gave this code. Raises ProviderDown and Untrusted."""
    with _client() as http:
        configuration = _configuration(http)
        tokens = _tokens(http, configuration, code, state, redirect_uri)
        claims = _claims(tokens, _json(http.get, configuration["jwks_uri"]), _nonce(state))
        found = {**claims}
        if "email" not in found and "userinfo_endpoint" in configuration:
            bearer = {"Authorization": f"Bearer {tokens.get('access_token', '')}"}
            found = _json(http.get, configuration["userinfo_endpoint"], headers=bearer)
            if found.get("sub") != claims["sub"]:
                raise Untrusted("userinfo of somebody else")
    subject = hashlib.sha256(f"{settings().oidc_issuer}\n{claims['sub']}".encode()).hexdigest()
    email = normal(str(found.get("email", ""))) if found.get("email_verified") in (True, "true") else ""
    return Person(subject, email, bool(SECOND_FACTORS.intersection(map(str, claims.get("amr") or ()))))


def account_of(found: Person) -> Account:
    """The account of this person; the first time it is found by e-mail address, and from then on only by subject.

    Raises NoAccount, NotVerified and DatabaseDown.
    """
    with transaction(write=True) as connection:
        known = find(connection, _accounts.c.oidc_subject == found.subject)
        if known is None and found.email:
            known = find(connection, _accounts.c.email == found.email)
            if known and not known.disabled_at and not _tie(connection, known, found.subject):
                known = None
        if known is None or known.disabled_at:
            record(connection, "login_failed", None, known.id if known else "", "openid")
    if known is None and not found.email:
        raise NotVerified
    if known is None or known.disabled_at:
        raise NoAccount
    return known


def _tie(connection: Connection, account: Account, subject: str) -> bool:
    free = _accounts.c.id == account.id, _accounts.c.oidc_subject.is_(None)
    tied = connection.execute(update(_accounts).where(*free).values(oidc_subject=subject)).rowcount
    if tied:
        record(connection, "provider_tied", account.id, account.id)
    return bool(tied)


def _client() -> httpx.Client:
    return httpx.Client(timeout=SECONDS)


def _configuration(http: httpx.Client) -> dict[str, Any]:
    issuer = settings().oidc_issuer
    found = _json(http.get, f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if found.get("issuer") != issuer:
        raise ProviderDown("another issuer")
    scheme = issuer.partition(":")[0]
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not str(found.get(name, "")).startswith(f"{scheme}://"):
            raise ProviderDown(f"no {name}")
    return found


def _tokens(http: httpx.Client, configuration: dict[str, Any], code: str, state: str, uri: str) -> dict[str, Any]:
    id, secret = settings().oidc_client_id, settings().oidc_client_secret
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": uri,
        "code_verifier": _verifier(state),
    }
    methods = configuration.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if "client_secret_basic" in methods:
        return _json(http.post, configuration["token_endpoint"], data=form, auth=(quote(id, ""), quote(secret, "")))
    return _json(http.post, configuration["token_endpoint"], data={**form, "client_id": id, "client_secret": secret})


def _claims(tokens: dict[str, Any], keys: dict[str, Any], nonce: str) -> dict[str, Any]:
    client, issuer = settings().oidc_client_id, settings().oidc_issuer
    try:
        registry = JWSRegistry(algorithms=SIGNATURES, strict_check_header=False)
        token = jwt.decode(tokens["id_token"], KeySet.import_key_set(keys), registry=registry)  # type: ignore[arg-type]
        options = {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client}}
        params = {"nonce": nonce, "client_id": client, "access_token": tokens.get("access_token")}
        claims = CodeIDToken(token.claims, token.header, options, params)
        claims.validate(now=int(clock.now().timestamp()), leeway=CLOCKS_DIFFER)
    except (JoseError, AuthlibBaseError, KeyError, TypeError, ValueError) as error:
        raise Untrusted(type(error).__name__) from error
    return dict(claims)


def _json(request: Any, url: str, **options: Any) -> dict[str, Any]:
    """What the provider answers: an object. A 4xx says that it refuses this login."""
    try:
        answer = request(url, **options)
        if 400 <= answer.status_code < 500:
            raise Untrusted(f"status {answer.status_code}")
        answer.raise_for_status()
        found = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise ProviderDown(type(error).__name__) from error
    if not isinstance(found, dict):
        raise ProviderDown("no object")
    return found


def _nonce(state: str) -> str:
    return derived_key(f"oidc nonce:{state}")[:32]


def _verifier(state: str) -> str:
    return derived_key(f"oidc verifier:{state}")
