"""How the repository is laid out."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_platform_is_a_source_root_and_no_package() -> None:
    """`platform/` must not shadow the standard library's module of that name."""
    assert not (ROOT / "platform" / "__init__.py").exists()
