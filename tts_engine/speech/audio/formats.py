"""The audio formats that leave the house."""

from dataclasses import dataclass

from tts_engine.speech.errors import AudioError, UnknownFormat

LOWEST_RATE, HIGHEST_RATE = 8_000, 48_000  # Hz


@dataclass(frozen=True, slots=True)
class Format:
    """One container and codec. `rates` are the sample rates it can carry, None for any.

    `delay` is how much silence a player of the file plays before the first sample, in samples of that
    rate: what encoder and decoder need to begin, where the file cannot say that it is to be left out.
    """

    name: str
    media_type: str
    extension: str
    rates: tuple[int, ...] | None = None
    delay: int = 0

    def rate_for(self, wanted: int) -> int:
        """The rate at which audio of `wanted` Hz is carried: the same, else the next higher, else the highest."""
        if self.rates is None or wanted in self.rates:
            return wanted
        return min((rate for rate in self.rates if rate > wanted), default=max(self.rates))

    def delay_of(self, wanted: int) -> float:
        """Seconds from the beginning of a file of audio of `wanted` Hz to its first sample."""
        return self.delay / self.rate_for(wanted)

    def check_rate(self, wanted: int) -> None:
        """Raise AudioError for a rate that it cannot carry."""
        if self.rates is not None and wanted not in self.rates:
            rates = ", ".join(map(str, self.rates))
            raise AudioError(f"{self.name} carries {rates} Hz; {wanted} is none of them.", param="sample_rate")


MPEG_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
G711_RATES = (8_000,)

FORMATS = {
    each.name: each
    for each in (
        Format("mp3", "audio/mpeg", ".mp3", MPEG_RATES, delay=1105),
        Format("opus", "audio/ogg", ".opus", OPUS_RATES),
        Format("aac", "audio/aac", ".aac", MPEG_RATES, delay=1024),
        Format("flac", "audio/flac", ".flac"),
        Format("wav", "audio/wav", ".wav"),
        Format("pcm", "audio/pcm", ".pcm"),  # 16 bit, little endian, no header
        Format("mulaw", "audio/basic", ".ulaw", G711_RATES),  # ITU-T G.711, no header
        Format("alaw", "audio/x-alaw-basic", ".alaw", G711_RATES),
        Format("wav_mulaw", "audio/wav", ".wav", G711_RATES),  # the same in WAV
        Format("wav_alaw", "audio/wav", ".wav", G711_RATES),
    )
}


def format_of_file(file_name: str) -> Format:
    """The first format whose files end like this one's name. Raises UnknownFormat."""
    for each in FORMATS.values():
        if file_name.lower().endswith(each.extension):
            return each
    endings = ", ".join(dict.fromkeys(each.extension for each in FORMATS.values()))
    raise UnknownFormat(f"The ending of '{file_name}' names no audio format; use one of {endings}.")
