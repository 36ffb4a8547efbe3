"""What of the machine under a platform can be made to fail: its clock, the speed and the room of its disk."""

import mmap
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
ROOM = 8 * 1024**3  # bytes of the disk of the audio; in memory, as far as they are used
FULL_BUT = 64 * 1024  # bytes


class Machine:
    """The shim that all processes load, and where the kernel lets us, a disk of the audio's own."""

    def __init__(self, folder: Path) -> None:
        self.audio = folder / "disk"
        self.audio.mkdir()
        self._library = folder / "shim.so"
        self._control = folder / "control"
        self._control.write_bytes(bytes(16))  # two numbers of 64 bits, as shim.c reads them
        compiler = shutil.which("cc")
        if compiler is None:
            raise SystemExit("A slow disk and a stepped clock need a C compiler: install gcc.")
        command = [compiler, "-shared", "-fPIC", "-O2", "-Wall", "-o", str(self._library), str(HERE / "shim.c"), "-ldl"]
        subprocess.run(command, check=True)  # noqa: S603
        with self._control.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), 16)

    @property
    def environment(self) -> dict[str, str]:
        python_path = os.pathsep.join([str(HERE / "poison"), os.environ.get("PYTHONPATH", "")])
        return {
            "LD_PRELOAD": str(self._library),
            "CHAOS_CONTROL": str(self._control),
            "AUDIO_ROOT": str(self.audio),
            "AUDIO_SPARE_BYTES": str(1024**2),
            "PYTHONPATH": python_path.rstrip(os.pathsep),
        }

    def step_clock(self, seconds: int) -> None:
        """The wall clock is so many seconds ahead of the true one, from now on."""
        self._page[:8] = struct.pack("q", seconds)

    def slow_disk(self, seconds: float) -> None:
        """Each write to a file, and each sync, takes so many seconds longer, from now on."""
        self._page[8:] = struct.pack("q", round(seconds * 1e6))

    def disk_is_ours(self) -> bool:
        return self.audio.is_mount()

    def fill_disk(self) -> None:
        while True:
            used = shutil.disk_usage(self.audio).used
            try:
                return self._mount(f"remount,size={used + FULL_BUT}")
            except subprocess.CalledProcessError:  # more was written meanwhile
                continue

    def empty_disk(self) -> None:
        self._mount(f"remount,size={ROOM}")

    def _mount(self, options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", options, "chaos", str(self.audio)]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603

    @contextmanager
    def disk(self) -> Iterator[None]:
        """A file system of the audio's own for the block; for whoever is not root the folder that is there."""
        if os.geteuid() != 0:
            yield
            return
        self._mount(f"size={ROOM}")
        try:
            yield
        finally:
            subprocess.run(["umount", "--lazy", str(self.audio)], check=True)  # noqa: S603, S607
