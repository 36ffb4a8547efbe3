"""The embedded servers."""

import os
from pathlib import Path

import psycopg
import redis

from config import embedded, servers


def connect(home: Path) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(host=str(embedded.socket_folder(home)), user="postgres", dbname="voxhouse", autocommit=True)


def test_data_outlives_a_restart(tmp_path: Path) -> None:
    """What was written to either server is there after both were stopped and started again."""
    with servers.running(tmp_path):
        with connect(tmp_path) as connection:
            connection.execute("CREATE TABLE kept (word text)")
            connection.execute("INSERT INTO kept VALUES ('声坊')")
        with redis.Redis.from_url(embedded.valkey_url(tmp_path)) as client:
            client.set("kept", "声坊")
    with servers.running(tmp_path):
        with connect(tmp_path) as connection:
            assert connection.execute("SELECT word FROM kept").fetchall() == [("声坊",)]
        with redis.Redis.from_url(embedded.valkey_url(tmp_path)) as client:
            assert client.get("kept") == "声坊".encode()


def test_nothing_listens_on_tcp_and_the_disk_is_trusted(tmp_path: Path) -> None:
    """PostgreSQL listens on its socket alone, in a folder closed to others, and syncs what it commits."""
    with servers.running(tmp_path), connect(tmp_path) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert connection.execute("SHOW server_version_num").fetchone() >= ("180000",)  # type: ignore[operator]
        assert embedded.socket_folder(tmp_path).stat().st_mode & 0o777 == 0o700


def test_an_interrupted_first_start_is_begun_again(tmp_path: Path) -> None:
    """A cluster whose making was cut short does not stand in the way of the next start."""
    half_made = tmp_path / "postgres.unfinished"
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18\n")
    with servers.running(tmp_path), connect(tmp_path):
        assert not half_made.exists()


def test_a_long_home_gets_a_short_socket_folder(tmp_path: Path) -> None:
    """A home whose name is too long for a Unix socket still works, with its sockets elsewhere."""
    home = tmp_path / ("深" * 30)
    home.mkdir()
    with servers.running(home), connect(home):
        assert len(os.fsencode(embedded.socket_folder(home))) <= embedded.LONGEST_SOCKET_FOLDER
