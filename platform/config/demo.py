"""The demo tenant: one member, an operator too, and one key; made at the first start, kept in the home folder."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from accounts import keys
from accounts.models import ApiKey, Tenant, User
from accounts.services import api_key_create, member_add, tenant_create, user_create
from billing.services import account_open
from config.private_file import private_file

NAME = "demo"


@dataclass(frozen=True)
class Access:
    url: str
    api_key: str
    user: str
    password: str


def prepare(file: Path, url: str) -> Access:
    """The access that `file` keeps, at this start's address; made anew where the database does not know it."""
    kept = read(file)
    if kept is not None and ApiKey.objects.filter(digest__in=keys.digests(kept.api_key)).exists():
        access = Access(url, kept.api_key, kept.user, kept.password)
    else:
        access = create(url)
    if access != kept:
        write(file, access)
    return access


@transaction.atomic
def create(url: str) -> Access:
    """A new key and password. Tenant and member are kept where a lost file alone was the reason."""
    password = secrets.token_urlsafe(12)
    tenant = Tenant.objects.filter(name=NAME).first()
    if tenant is None:
        tenant = tenant_create(name=NAME)
        account_open(tenant=tenant)
    user = User.objects.filter(username=NAME).first()
    if user is None:
        user = user_create(username=NAME, password=password, operator=True)
        member_add(tenant=tenant, user=user, role="owner")
    else:
        user.set_password(password)
        user.save(update_fields=["password"])
    _, secret = api_key_create(tenant=tenant, name=NAME)
    return Access(url, secret, NAME, password)


def read(file: Path) -> Access | None:
    if not file.exists():
        return None
    values: dict[str, str] = {}
    for line in file.read_text().splitlines():
        name, _, value = line.partition("=")
        values[name] = value
    return Access(
        url=values["VOXHOUSE_URL"],
        api_key=values["VOXHOUSE_API_KEY"],
        user=values["VOXHOUSE_ADMIN_USER"],
        password=values["VOXHOUSE_ADMIN_PASSWORD"],
    )


def write(file: Path, access: Access) -> None:
    text = (
        f"VOXHOUSE_URL={access.url}\n"
        f"VOXHOUSE_API_KEY={access.api_key}\n"
        f"VOXHOUSE_ADMIN_USER={access.user}\n"
        f"VOXHOUSE_ADMIN_PASSWORD={access.password}\n"
    )
    with private_file(file) as out:
        out.write(text.encode())


def panel(access: Access) -> str:
    """What a newcomer needs, with a curl line that works as it stands."""
    body = '{"model":"tts-1","voice":"alloy","input":"你好，欢迎使用声坊。"}'
    return "\n".join(
        [
            "",
            f"  Studio    {access.url}",
            f"  Sign in   {access.user} / {access.password}",
            f"  API key   {access.api_key}",
            "",
            f'  curl {access.url}/v1/audio/speech -H "Authorization: Bearer {access.api_key}" '
            f"-H \"Content-Type: application/json\" -d '{body}' -o hello.mp3",
            "",
        ]
    )
