"""What a model folder's yaml says of its networks, checked before anything is built from it.

The fields have the names of the published yaml files. Every number is held to a bound, so that
a yaml which asks for a thousand million rows is refused while it is still only text.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tts_engine.speech.voices.sambert.errors import DamagedModel

MOST_UNITS = 16_384  # of one layer; the widest published layer has 1,024
MOST_LAYERS = 64
MOST_KERNEL = 1_024
MOST_SCALE = 64
MOST_HOP = 4_096  # samples a frame; published generators have 100 to 600
MOST_RATE = 192_000  # Hz
MOST_POSITIONS = 65_536  # symbols of one utterance; published models have 800


@dataclass(frozen=True, slots=True)
class Fields:
    """One mapping of a yaml or JSON file, read value by value with its type and bounds."""

    file: Path | str
    path: str  # of the mapping inside the file, as `Model.Generator.params`
    values: Mapping[str, Any]

    @classmethod
    def of(cls, file: Path | str, path: str, value: Any) -> "Fields":
        if not isinstance(value, Mapping):
            raise DamagedModel(file, path, f"must be a mapping, not {_kind(value)}")
        return cls(file, path, value)

    def refuse(self, name: str, problem: str) -> DamagedModel:
        return DamagedModel(self.file, f"{self.path}.{name}" if self.path else name, problem)

    def mapping(self, name: str) -> "Fields":
        self._require(name)
        return Fields.of(self.file, f"{self.path}.{name}" if self.path else name, self.values[name])

    def whole(self, name: str, most: int, least: int = 1) -> int:
        self._require(name)
        return self._whole(name, self.values[name], least, most)

    def wholes(self, name: str, most: int, least: int = 1) -> tuple[int, ...]:
        self._require(name)
        return self._wholes(name, self.values[name], least, most)

    def whole_lists(self, name: str, most: int) -> tuple[tuple[int, ...], ...]:
        self._require(name)
        return tuple(self._wholes(name, each, 1, most) for each in self._list(name, self.values[name]))

    def number(self, name: str, default: float) -> float:
        value = self.values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e9:
            raise self.refuse(name, f"must be a number, not {_kind(value)}")
        return float(value)

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.values.get(name, default)
        if not isinstance(value, bool):
            raise self.refuse(name, f"must be true or false, not {_kind(value)}")
        return value

    def choice(self, name: str, among: tuple[str, ...]) -> str:
        """One of the words of `among`; the first when the file is silent."""
        value = self.values.get(name, among[0])
        if value not in among:
            raise self.refuse(name, f"must be {' or '.join(among)}, not {value!r:.40}")
        return str(value)

    def _require(self, name: str) -> None:
        if name not in self.values:
            raise self.refuse(name, "is missing")

    def _whole(self, name: str, value: Any, least: int, most: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.refuse(name, f"must be a whole number, not {_kind(value)}")
        if not least <= value <= most:
            raise self.refuse(name, f"must be {least} to {most}, not {_kind(value)}")
        return value

    def _list(self, name: str, value: Any) -> list[Any]:
        if not isinstance(value, list) or not 1 <= len(value) <= MOST_LAYERS:
            raise self.refuse(name, f"must be a list of 1 to {MOST_LAYERS}, not {_kind(value)}")
        return value

    def _wholes(self, name: str, value: Any, least: int, most: int) -> tuple[int, ...]:
        return tuple(self._whole(name, each, least, most) for each in self._list(name, value))


def _kind(value: Any) -> str:
    """What a value is, for a message: short whatever it is, as a hostile file may hold anything."""
    name = type(value).__name__
    if isinstance(value, int) and abs(value) >= 10**18:
        return f"{name} of more than 18 digits"
    return f"{name} {value!r:.40}" if isinstance(value, str | int | float) else name


@dataclass(frozen=True, slots=True)
class Tables:
    """How many rows each table of the acoustic model has: the units of its inventory, and its marks.

    Known from the checkpoint alone; older models have one mark fewer. `speaker` is 0 where a
    voice is given by a vector.
    """

    sy: int
    tone: int
    syllable_flag: int
    word_segment: int
    emotion: int
    speaker: int


@dataclass(frozen=True, slots=True)
class AcousticConfig:
    """Sizes of the acoustic model, `Model.KanTtsSAMBERT.params` of `am/config.yaml`."""

    max_len: int
    embedding_dim: int
    encoder_num_layers: int
    encoder_num_heads: int
    encoder_num_units: int
    encoder_ffn_inner_dim: int
    encoder_projection_units: int
    speaker_units: int
    emotion_units: int
    predictor_filter_size: int
    predictor_fsmn_num_layers: int
    predictor_num_memory_units: int
    predictor_ffn_inner_dim: int
    predictor_shift: tuple[int, ...]  # of each layer
    predictor_lstm_units: int
    dur_pred_prenet_units: tuple[int, ...]
    dur_pred_lstm_units: int
    decoder_prenet_units: tuple[int, ...]
    decoder_num_layers: int
    decoder_num_heads: int
    decoder_num_units: int
    decoder_ffn_inner_dim: int
    outputs_per_step: int
    num_mels: int  # with NSF, the last two are F0 and voicing
    postnet_filter_size: int
    postnet_fsmn_num_layers: int
    postnet_num_memory_units: int
    postnet_ffn_inner_dim: int
    postnet_shift: tuple[int, ...]  # of each layer
    postnet_lstm_units: int
    se: bool  # a speaker is a vector, not a row of a table
    nsf: "F0Norm | None"

    @property
    def memory_units(self) -> int:
        """What a decoder step is told: the text of its frames, the speaker, the emotion."""
        return self.encoder_projection_units * self.outputs_per_step + self.speaker_units + self.emotion_units

    @classmethod
    def parse(cls, params: Fields) -> "AcousticConfig":
        """Raises DamagedModel for whatever is missing, mistyped, out of bounds or not supported."""
        for kind, what in (("using_byte", "byte input"), ("FP", "filled pauses")):
            if params.flag(kind):
                raise params.refuse(kind, f"models of {what} are not supported")

        def units(name: str) -> int:
            return params.whole(name, MOST_UNITS)

        def layers(name: str) -> int:
            return params.whole(name, MOST_LAYERS)

        def heads(part: str) -> int:
            count = params.whole(f"{part}_num_heads", MOST_UNITS)
            if units(f"{part}_num_units") % count:
                raise params.refuse(f"{part}_num_heads", f"does not divide {part}_num_units")
            return count

        def shifts(part: str) -> tuple[int, ...]:
            count = layers(f"{part}_fsmn_num_layers")
            if not isinstance(params.values.get(f"{part}_shift"), list):
                return (params.whole(f"{part}_shift", MOST_UNITS, least=0),) * count
            each = params.wholes(f"{part}_shift", MOST_UNITS, least=0)
            if len(each) != count:
                raise params.refuse(f"{part}_shift", f"must have {count} values, one a layer, not {len(each)}")
            return each

        return cls(
            max_len=params.whole("max_len", MOST_POSITIONS),
            embedding_dim=units("embedding_dim"),
            encoder_num_layers=layers("encoder_num_layers"),
            encoder_num_heads=heads("encoder"),
            encoder_num_units=units("encoder_num_units"),
            encoder_ffn_inner_dim=units("encoder_ffn_inner_dim"),
            encoder_projection_units=units("encoder_projection_units"),
            speaker_units=units("speaker_units"),
            emotion_units=units("emotion_units"),
            predictor_filter_size=units("predictor_filter_size"),
            predictor_fsmn_num_layers=layers("predictor_fsmn_num_layers"),
            predictor_num_memory_units=units("predictor_num_memory_units"),
            predictor_ffn_inner_dim=units("predictor_ffn_inner_dim"),
            predictor_shift=shifts("predictor"),
            predictor_lstm_units=units("predictor_lstm_units"),
            dur_pred_prenet_units=params.wholes("dur_pred_prenet_units", MOST_UNITS),
            dur_pred_lstm_units=units("dur_pred_lstm_units"),
            decoder_prenet_units=params.wholes("decoder_prenet_units", MOST_UNITS),
            decoder_num_layers=layers("decoder_num_layers"),
            decoder_num_heads=heads("decoder"),
            decoder_num_units=units("decoder_num_units"),
            decoder_ffn_inner_dim=units("decoder_ffn_inner_dim"),
            outputs_per_step=params.whole("outputs_per_step", MOST_LAYERS),
            num_mels=units("num_mels"),
            postnet_filter_size=units("postnet_filter_size"),
            postnet_fsmn_num_layers=layers("postnet_fsmn_num_layers"),
            postnet_num_memory_units=units("postnet_num_memory_units"),
            postnet_ffn_inner_dim=units("postnet_ffn_inner_dim"),
            postnet_shift=shifts("postnet"),
            postnet_lstm_units=units("postnet_lstm_units"),
            se=params.flag("SE"),
            nsf=F0Norm.parse(params) if params.flag("NSF") else None,
        )


@dataclass(frozen=True, slots=True)
class F0Norm:
    """How an NSF model's F0 is normalised: by the voice's mean and deviation, or over one range."""

    by_voice: bool
    minimum: float  # Hz, of the range
    maximum: float  # Hz

    @classmethod
    def parse(cls, params: Fields) -> "F0Norm":
        return cls(
            by_voice=params.choice("nsf_norm_type", ("mean_std", "global")) == "mean_std",
            minimum=params.number("nsf_f0_global_minimum", 30.0),
            maximum=params.number("nsf_f0_global_maximum", 730.0),
        )


@dataclass(frozen=True, slots=True)
class GeneratorConfig:
    """Sizes of the generator, `Model.Generator.params` of `voc/config.yaml`."""

    in_channels: int  # mels, without the F0 and voicing of an NSF generator
    channels: int
    kernel_size: int
    upsample_scales: tuple[int, ...]
    upsample_kernal_sizes: tuple[int, ...]
    resblock_kernel_sizes: tuple[int, ...]
    resblock_dilations: tuple[tuple[int, ...], ...]
    causal: bool
    negative_slope: float
    nsf: "SourceConfig | None"

    @property
    def hop(self) -> int:
        """Samples a frame."""
        return math.prod(self.upsample_scales)

    @property
    def features(self) -> int:
        """Values of one input frame: mels, and with NSF also F0 and voicing."""
        return self.in_channels + (2 if self.nsf else 0)

    @classmethod
    def parse(cls, params: Fields) -> "GeneratorConfig":
        """Raises DamagedModel for whatever is missing, mistyped, out of bounds or not supported."""
        if params.values.get("out_channels", 1) != 1:
            raise params.refuse("out_channels", "generators of several bands are not supported")
        if not params.flag("repeat_upsample", default=True):
            raise params.refuse("repeat_upsample", "generators without it are not supported")
        params.choice("nonlinear_activation", ("LeakyReLU",))
        scales = params.wholes("upsample_scales", MOST_SCALE)
        if math.prod(scales) > MOST_HOP:
            raise params.refuse("upsample_scales", f"make more than {MOST_HOP} samples a frame")
        kernels = params.wholes("upsample_kernal_sizes", MOST_KERNEL)
        if len(kernels) != len(scales) or any(k < s for k, s in zip(kernels, scales, strict=False)):
            raise params.refuse("upsample_kernal_sizes", "must be one for each of upsample_scales and not smaller")
        channels = params.whole("channels", MOST_UNITS)
        if channels % 2 ** len(scales):
            raise params.refuse("channels", f"cannot be halved {len(scales)} times, once for each of upsample_scales")
        block_kernels = params.wholes("resblock_kernel_sizes", MOST_KERNEL)
        dilations = params.whole_lists("resblock_dilations", MOST_KERNEL)
        if len(dilations) != len(block_kernels):
            raise params.refuse("resblock_dilations", "must be one list for each of resblock_kernel_sizes")
        kernel_size = params.whole("kernel_size", MOST_KERNEL)
        for name, odd in (("kernel_size", (kernel_size,)), ("resblock_kernel_sizes", block_kernels)):
            if any(size % 2 == 0 for size in odd):
                raise params.refuse(name, "must be odd")
        slope = 0.1
        if "nonlinear_activation_params" in params.values:
            slope = params.mapping("nonlinear_activation_params").number("negative_slope", 0.01)
        return cls(
            in_channels=params.whole("in_channels", MOST_UNITS),
            channels=channels,
            kernel_size=kernel_size,
            upsample_scales=scales,
            upsample_kernal_sizes=kernels,
            resblock_kernel_sizes=block_kernels,
            resblock_dilations=dilations,
            causal=params.flag("causal", default=True),
            negative_slope=slope,
            nsf=SourceConfig.parse(params.mapping("nsf_params")) if params.values.get("nsf_params") else None,
        )


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """The sine source of an NSF generator."""

    nb_harmonics: int  # above F0
    sampling_rate: int  # Hz

    @classmethod
    def parse(cls, params: Fields) -> "SourceConfig":
        return cls(params.whole("nb_harmonics", MOST_LAYERS), params.whole("sampling_rate", MOST_RATE, least=8_000))
