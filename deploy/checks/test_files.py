"""Every file that deploys Voxhouse is accepted by the parser of the tool that reads it."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from compose_spec import PyCompose
from django.conf import settings

from deploy.checks.proxy import NGINX, ROOT, Proxy, certificate

KUBERNETES = ROOT / "deploy/kubernetes"


def run(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The merged services, as docker compose sees them."""
    read: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return read


def test_compose_is_what_the_specification_allows(compose: dict[str, Any]) -> None:
    """Parsed by an implementation of the Compose specification, merged and with every variable given."""
    text = yaml.safe_dump({name: part for name, part in compose.items() if not name.startswith("x-")})
    variables = re.compile(r"\$\{(\w+)(:?[-?][^}]*)?\}")
    PyCompose.from_yaml(variables.sub(lambda found: given(found[1], found[2] or ""), text))


def given(name: str, otherwise: str) -> str:
    """A value of a variable: its default, or for what must be set something that serves as one."""
    return otherwise.partition("-")[2] if "-" in otherwise[:2] else f"a-{name.lower().replace('_', '-')}"


def test_what_compose_refers_to_is_there(compose: dict[str, Any]) -> None:
    """Services that others wait for, volumes and secrets are declared; files of the project exist."""
    services = compose["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name
        assert set(service.get("secrets", [])) <= set(compose["secrets"]), name
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists(), volume
            elif "$" not in source:
                assert source in compose["volumes"], volume


def test_our_containers_may_do_nothing_but_their_work(compose: dict[str, Any]) -> None:
    """What runs our image or faces callers has a read-only root and no capability."""
    for name in ("prepare", "web", "worker", "beat", "nginx", "valkey"):
        service = compose["services"][name]
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name


def test_every_environment_variable_of_compose_is_a_setting(compose: dict[str, Any]) -> None:
    """A misspelt name would be ignored in silence."""
    known = set(re.findall(r"^#?([A-Z_0-9]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert {name.removesuffix("_FILE") for name in compose["services"]["web"]["environment"]} <= known


def test_the_dockerfile_keeps_hadolints_rules() -> None:
    run(str(Path(sys.prefix, "bin/hadolint")), "--failure-threshold", "info", "Dockerfile")


def resources() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in sorted(KUBERNETES.glob("*.yaml")):
        for resource in yaml.safe_load_all(file.read_text()):
            yield file.name, resource


@pytest.mark.parametrize(
    ("file", "resource"),
    [pytest.param(file, each, id=f"{file}-{each['kind']}-{each.get('metadata', {}).get('name')}")
     for file, each in resources() if not each["apiVersion"].startswith("kustomize")],
)  # fmt: skip
def test_kubernetes_knows_every_member(file: str, resource: dict[str, Any]) -> None:
    """Against the schemas of the oldest version that docs/deployment.md names, strictly, and of the newest."""
    for version in ("1.31", "1.37"):
        kubernetes_validate.validate(resource, version, strict=True)


def test_kustomize_builds_them() -> None:
    """Every file is in the kustomization; kubectl, where there is one, puts them together."""
    kustomization = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())
    assert {*kustomization["resources"], "kustomization.yaml"} == {file.name for file in KUBERNETES.glob("*.yaml")}
    if kubectl := shutil.which("kubectl"):
        assert run(kubectl, "kustomize", str(KUBERNETES)).count("\nkind: ") == sum(
            not each["apiVersion"].startswith("kustomize") for _, each in resources()
        )


def test_nginx_accepts_its_configuration(tmp_path: Path) -> None:
    """As it stands, with the upstream of docker compose; no warning either."""
    proxy = Proxy.lay_out(tmp_path, certificate())
    done = subprocess.run([*proxy.command, "-t"], capture_output=True, text=True, check=False)  # noqa: S603
    assert "test is successful" in done.stderr, f"{NGINX}: {done.stderr}"
    assert "[warn]" not in done.stderr


def test_the_limits_of_nginx_are_ours() -> None:
    """What nginx lets in is what the web processes take, and its refusals say the same figures."""
    text = (ROOT / "deploy/nginx/nginx.conf").read_text()
    mebibytes = {name: int(size) for size, name in re.findall(r"client_max_body_size (\d+)m; # (\w+)", text)}
    told = {name: int(size) for size, name in re.findall(r"(\d+); +# ([A-Z_]+)$", text, re.MULTILINE)}
    assert len(mebibytes) == len(told) == 2
    for name in mebibytes:
        assert mebibytes[name] * 2**20 == told[name] == getattr(settings, name)


def test_nginx_closes_idle_connections_before_the_web_process_does() -> None:
    """Else a request could meet a connection that is being closed."""
    seconds = re.search(r"keepalive_timeout (\d+)s", (ROOT / "deploy/nginx/upstream.conf").read_text())
    assert seconds
    assert int(seconds[1]) < settings.KEEP_ALIVE.total_seconds()
