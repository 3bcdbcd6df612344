"""A real OpenID Connect provider (pyop) on loopback, with a page where its user logs in."""

import json
import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from Cryptodome.PublicKey import RSA
from jwkest.jwk import RSAKey
from oic.oic.message import AuthorizationErrorResponse
from pyop.authz_state import AuthorizationState
from pyop.provider import Provider
from pyop.subject_identifier import HashBasedSubjectIdentifierFactory
from pyop.userinfo import Userinfo

CLIENT = "lobke"
SECRET = "geheim: met/tekens"
USER = "u1"


@cache
def new_key(name: str = "signs") -> RSAKey:
    """A key to sign with; the same one for the same name, as making one takes long."""
    return RSAKey(key=RSA.generate(2048), alg="RS256", kid="k1")


class OpenIdProvider:
    """`user`: what it tells of its one user; `claims`: what else stands in the ID token; `status`: what its token
    endpoint answers; `keys`: what it publishes as the keys it signs with.
    """

    def __init__(self, back: str) -> None:
        self.user: dict[str, Any] = {"email": "decaan@voorbeeld.nl", "email_verified": True}
        self.claims: dict[str, Any] = {}
        self.status = 200
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.op = Provider(
            new_key(),
            {
                "issuer": self.issuer.replace("http:", "https:"),
                "authorization_endpoint": f"{self.issuer}/login",
                "token_endpoint": f"{self.issuer}/token",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "jwks_uri": f"{self.issuer}/keys",
                "subject_types_supported": ["public"],
                "scopes_supported": ["openid", "email"],
                "response_types_supported": ["code"],
            },
            AuthorizationState(HashBasedSubjectIdentifierFactory("salt")),
            {
                CLIENT: {
                    "client_secret": SECRET,
                    "redirect_uris": [back],
                    "response_types": ["code"],
                    "token_endpoint_auth_method": "client_secret_basic",
                }
            },
            Userinfo({}),
        )
        self.op.configuration_information["issuer"] = self.issuer  # it insists on https, which loopback needs not
        self.keys = json.dumps(self.op.jwks).encode()
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def log_in(self, url: str) -> str:
        """What its page does when the user logs in: the address the browser is sent back to."""
        request = self._request(url)
        self.op.userinfo._db[USER] = self.user
        response = self.op.authorize(request, USER)
        return str(response.request(request["redirect_uri"]))

    def cancel(self, url: str) -> str:
        """What its page does when the user says no."""
        request = self._request(url)
        error = AuthorizationErrorResponse(error="access_denied", state=request["state"])
        return str(error.request(request["redirect_uri"]))

    def stop(self) -> None:
        """From now on connections are refused."""
        self._server.shutdown()
        self._server.server_close()

    def _request(self, url: str) -> Any:
        assert url.startswith(f"{self.issuer}/login?"), url
        return self.op.parse_authentication_request(urlsplit(url).query)

    def _handler(provider) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer("")

            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

            def _answer(self, body: str) -> None:
                headers = dict(self.headers)
                if self.path == "/.well-known/openid-configuration":
                    self._send(200, provider.op.provider_configuration.to_json().encode())
                elif self.path == "/keys":
                    self._send(200, provider.keys)
                elif self.path == "/userinfo":
                    self._send(200, provider.op.handle_userinfo_request(body, headers).to_json().encode())
                elif provider.status != 200:
                    self._send(provider.status, b"{}")
                else:
                    self._token(body, headers)

            def _token(self, body: str, headers: dict[str, str]) -> None:
                assert "code_verifier" in dict(parse_qsl(body))
                try:
                    answer = provider.op.handle_token_request(body, headers, dict(provider.claims))
                except Exception as error:
                    self._send(400, json.dumps({"error": type(error).__name__}).encode())
                else:
                    self._send(200, answer.to_json().encode())

            def _send(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler
