"""An OpenID Connect provider on this machine: Authlib's, which checks clients, redirects, codes and PKCE.

It signs in whoever is named in its form, without a password: whom it vouches for is what tests are about.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector, current_token
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, Response, jsonify, request
from joserfc.jwk import KeySet, RSAKey
from werkzeug.serving import make_server

CLIENT_ID, CLIENT_SECRET = "voxhouse", "a secret of both sides"
FORM = "<form method=post><input name=sub aria-label=sub autofocus><button>Continue</button></form>"


@dataclass
class Code:
    """What the provider remembers between its page and the client's call."""

    code: str
    user: dict[str, Any]
    redirect_uri: str
    scope: str
    code_challenge: str
    code_challenge_method: str
    nonce: str | None

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> None: ...

    def get_acr(self) -> None: ...

    def get_amr(self) -> None: ...


@dataclass
class Token:
    user: dict[str, Any]
    scope: str

    def is_expired(self) -> bool:
        return False

    def is_revoked(self) -> bool:
        return False

    def get_scope(self) -> str:
        return self.scope


class Client:
    """The one that is registered; its redirect is checked by path, for every test has a port of its own."""

    client_id = CLIENT_ID

    def get_client_id(self) -> str:
        return CLIENT_ID

    def get_default_redirect_uri(self) -> None: ...

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, uri: str) -> bool:
        return uri.endswith("/accounts/oidc/sso/login/callback/")

    def check_client_secret(self, secret: str) -> bool:
        return secret == CLIENT_SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in {"client_secret_basic", "client_secret_post"}

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class IdentityProvider:
    """Where it is, and the claims it makes of each `sub`; a test may change them, or take it away."""

    url: str = ""
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "tests", "alg": "RS256"}))


@contextmanager
def serving(provider: IdentityProvider) -> Iterator[IdentityProvider]:
    server = make_server("127.0.0.1", 0, application(provider), threaded=True)
    provider.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield provider
    server.shutdown()
    thread.join()
    server.server_close()


def application(provider: IdentityProvider) -> Flask:
    flask = Flask("identity_provider")
    server = AuthorizationServer(flask, query_client=client_of, save_token=keep(provider))
    server.register_grant(code_grant(provider), [CodeChallenge(required=True), id_token(provider)])
    signed_in = ResourceProtector()
    signed_in.register_token_validator(token_validator(provider)())

    @flask.get("/.well-known/openid-configuration")
    def discovery() -> Response:
        url = provider.url
        return jsonify(
            issuer=url,
            authorization_endpoint=f"{url}/authorize",
            token_endpoint=f"{url}/token",
            userinfo_endpoint=f"{url}/userinfo",
            jwks_uri=f"{url}/jwks",
            response_types_supported=["code"],
            subject_types_supported=["public"],
            id_token_signing_alg_values_supported=["RS256"],
            token_endpoint_auth_methods_supported=["client_secret_basic", "client_secret_post"],
            code_challenge_methods_supported=["S256"],
        )

    @flask.get("/jwks")
    def jwks() -> Response:
        return jsonify(KeySet([provider.key]).as_dict(private=False))

    @flask.route("/authorize", methods=["GET", "POST"])
    def authorize() -> Any:
        if request.args.get("code_challenge_method") != "S256":
            return "PKCE with S256 is required", 400
        grant = server.get_consent_grant()
        if request.method == "GET":
            return FORM
        person = {"sub": request.form["sub"], **provider.people[request.form["sub"]]}
        return server.create_authorization_response(grant=grant, grant_user=person)

    @flask.post("/token")
    def token() -> Any:
        return server.create_token_response()

    @flask.get("/userinfo")
    @signed_in("openid")  # type: ignore[untyped-decorator]
    def userinfo() -> Response:
        return jsonify(cast(Token, current_token).user)

    return flask


def client_of(client_id: str) -> Client | None:
    return Client() if client_id == CLIENT_ID else None


def keep(provider: IdentityProvider) -> Any:
    def save_token(token: dict[str, Any], asked: Any) -> None:
        provider.tokens[token["access_token"]] = Token(asked.user, token["scope"])

    return save_token


def code_grant(provider: IdentityProvider) -> type:
    class Grant(AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib publishes no types
        TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post"]

        def save_authorization_code(self, code: str, asked: Any) -> None:
            data = asked.payload.data
            provider.codes[code] = Code(
                code,
                asked.user,
                asked.payload.redirect_uri,
                asked.payload.scope,
                data["code_challenge"],
                data["code_challenge_method"],
                data.get("nonce"),
            )

        def query_authorization_code(self, code: str, client: Client) -> Code | None:
            return provider.codes.get(code)

        def delete_authorization_code(self, code: Code) -> None:
            del provider.codes[code.code]

        def authenticate_user(self, code: Code) -> dict[str, Any]:
            return code.user

    return Grant


def id_token(provider: IdentityProvider) -> OpenIDCode:
    class Signed(OpenIDCode):  # type: ignore[misc]
        def resolve_client_private_key(self, client: Client) -> RSAKey:
            return provider.key

        def get_client_algorithm(self, client: Client) -> str:
            return "RS256"

        def get_encode_header(self, client: Client) -> dict[str, str]:
            return {"alg": "RS256", "kid": "tests"}

        def get_client_claims(self, client: Client) -> dict[str, Any]:
            return {"iss": provider.url}

        def exists_nonce(self, nonce: str, asked: Any) -> bool:
            return any(code.nonce == nonce for code in provider.codes.values())

        def generate_user_info(self, user: dict[str, Any], scope: str) -> dict[str, Any]:
            return user

    return Signed()


def token_validator(provider: IdentityProvider) -> type:
    class Validator(BearerTokenValidator):  # type: ignore[misc]
        def authenticate_token(self, token_string: str) -> Token | None:
            return provider.tokens.get(token_string)

    return Validator
