"""The compiled generator says what the torch one says, however its frames arrive."""

import json
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tts_engine.speech.errors import VoiceUnavailable
from tts_engine.speech.voice import Samples
from tts_engine.speech.voices.sambert import compile_vocoder as compile_vocoder_module
from tts_engine.speech.voices.sambert.compile_vocoder import compile_vocoder, nearness
from tts_engine.speech.voices.sambert.config import Fields, GeneratorConfig, SourceConfig
from tts_engine.speech.voices.sambert.contexts import Contexts
from tts_engine.speech.voices.sambert.filters import Filters, generator_filters, merged_upsamplers
from tts_engine.speech.voices.sambert.generator import Generator, Source
from tts_engine.speech.voices.sambert.parity import Golden
from tts_engine.speech.voices.sambert.sines import Sines
from tts_engine.speech.voices.sambert.vocoder_bytes import Bytes
from tts_engine.speech.voices.sambert.vocoder_files import DESCRIPTION, GRAPH, VocoderPrecision
from tts_engine.speech.voices.sambert.vocoder_runtime import Vocoder
from tts_engine.speech.voices.sambert.weights import generator

GOLDEN = Path(__file__).parent / "golden"
RATE = 16_000
PARITY = 1e-5
SEAM = 1e-4  # at most, between a whole utterance and the same in pieces


@dataclass(frozen=True)
class Compiled:
    network: Generator
    config: GeneratorConfig
    sentence: Samples  # frames [T, features]
    folder: Path

    def whole(self) -> Samples:
        """By torch, from all frames at once."""
        mel = torch.from_numpy(self.sentence.T[None])
        wave: Samples = self.network(mel)[0, 0].numpy()
        return wave


def params(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((GOLDEN / f"tiny_voc_{name}_params.json").read_text("utf-8"))
    return read


def parsed(values: Mapping[str, Any]) -> GeneratorConfig:
    return GeneratorConfig.parse(Fields.of("params", "", values))


def frames(count: int, features: int, seed: int = 5) -> Samples:
    """Frames that move as slowly as speech does."""
    steps = np.random.default_rng(seed).standard_normal((count + 4, features))
    smooth = np.stack([np.convolve(each, np.ones(5) / 2, "valid") for each in steps.T], axis=1)
    return np.ascontiguousarray(smooth, np.float32)


def lively(c: GeneratorConfig) -> Generator:
    """Seeded weights; the goldens' are so small that their waveforms are one constant."""
    torch.manual_seed(3)
    return Generator(c).requires_grad_(False)


@pytest.fixture(scope="module", params=["causal", "noncausal"])
def compiled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    c = parsed(params(request.param))
    folder = tmp_path_factory.mktemp(request.param)
    sentence, network = frames(150, c.features), lively(c)
    compile_vocoder(network, c, RATE, [sentence], folder)
    return Compiled(network, c, sentence, folder)


@pytest.fixture(scope="module")
def excited(tmp_path_factory: pytest.TempPathFactory) -> Compiled:
    """An NSF generator: seeded weights, F0 about 200 Hz, voiced in half of the frames."""
    values = params("noncausal") | {"nsf_params": {"nb_harmonics": 7, "sampling_rate": RATE}}
    c = parsed(values)
    sentence, network = frames(150, c.features), lively(c)
    sentence[:, -2] = 200 + 20 * sentence[:, -2]
    sentence[:, -1] = sentence[:, -1] > 0
    folder = tmp_path_factory.mktemp("nsf")
    compile_vocoder(network, c, RATE, [sentence], folder)
    return Compiled(network, c, sentence, folder)


def spoken(vocoder: Vocoder, sentence: Samples, piece: int = 1000, seed: int = 0) -> Samples:
    return np.concatenate(list(vocoder.speak((sentence[i : i + piece] for i in range(0, len(sentence), piece)), seed)))


def greatest(one: Samples, other: Samples) -> float:
    assert one.shape == other.shape
    return float(np.abs(one - other).max())


@pytest.mark.parametrize("name", ["causal", "noncausal"])
def test_it_has_the_numbers_of_the_golden(name: str, tmp_path: Path) -> None:
    """The reference's own waveform, to 1e-5."""
    golden, c = Golden.read(GOLDEN / f"tiny_voc_{name}.npz"), parsed(params(name))
    sentence = np.ascontiguousarray(golden.input("mel")[0].numpy().T)
    compile_vocoder(generator(c, golden.weights, golden.file), c, RATE, [sentence], tmp_path)
    wave = spoken(Vocoder(tmp_path, "fp32"), sentence)
    assert greatest(wave, golden.outputs["wav"][0, 0].numpy()) <= PARITY


@pytest.mark.parametrize("piece", [1, 7, 40, 1000])
def test_pieces_join_without_a_seam(compiled: Compiled, piece: int) -> None:
    """Frames one by one, or all at once: the samples of the whole utterance."""
    assert greatest(spoken(Vocoder(compiled.folder, "fp32"), compiled.sentence, piece), compiled.whole()) <= SEAM


def test_a_seam_is_heard_where_context_is_missing(compiled: Compiled) -> None:
    """With a quarter of the context that is counted the samples are others."""
    vocoder = Vocoder(compiled.folder, "fp32")
    contexts = vocoder.description.contexts
    short = replace(contexts, before=tuple(each // 4 for each in contexts.before))
    vocoder.description = replace(vocoder.description, contexts=short)
    assert greatest(spoken(vocoder, compiled.sentence), compiled.whole()) > SEAM


def test_a_frame_changes_only_its_neighbourhood(compiled: Compiled) -> None:
    """No sample outside of the counted context depends on a frame; to the left, none before it when causal."""
    contexts = Contexts.of(generator_filters(weights(compiled.network), compiled.config), compiled.config)
    other = replace(compiled, sentence=compiled.sentence.copy())
    other.sentence[75] += 10
    changed = np.flatnonzero(np.abs(other.whole() - compiled.whole()) > 0) // compiled.config.hop
    assert changed.size
    assert changed[0] >= 75 - contexts.after[0]
    assert changed[-1] <= 75 + contexts.before[0]
    assert contexts.after[0] == 0 or not compiled.config.causal


def test_the_first_samples_come_before_the_last_frames(compiled: Compiled) -> None:
    """Forty frames are enough to begin."""
    voicing = Vocoder(compiled.folder).start()
    assert len(next(voicing.feed(compiled.sentence[:40], last=False))) >= 16 * compiled.config.hop


def test_bytes_stand_for_floats() -> None:
    """Each of the 256 is itself again; 0 is one of them, and what is out of range is the nearest."""
    scaled = Bytes.over(-0.7, 1.9)
    assert scaled.quantized(scaled.floats()).tolist() == list(range(256))
    assert scaled.floats()[scaled.zero] == 0
    assert scaled.quantized(np.array([-9.0, 9.0])).tolist() == [0, 255]


def test_int8_is_near(compiled: Compiled) -> None:
    """Within 1 dB in every band on average, the error 20 dB below the signal; mixed has 6 dB less of it."""
    mixed, int8 = (nearness(compiled.folder, each, [compiled.sentence]) for each in ("mixed", "int8"))
    assert 0 < mixed.log_mel_distance < int8.log_mel_distance < 1
    assert int8.snr > 20
    assert mixed.snr > int8.snr + 6


@pytest.mark.parametrize("serves", ["fp32", "mixed", "int8"])
def test_the_fastest_that_is_near_enough_serves(
    compiled: Compiled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, serves: VocoderPrecision
) -> None:
    """With a bound that a precision just meets, it is the one, as the faster are not as near."""
    bound = nearness(compiled.folder, serves, [compiled.sentence]).log_mel_distance
    monkeypatch.setattr(compile_vocoder_module, "BOUND", bound)
    compile_vocoder(compiled.network, compiled.config, RATE, [compiled.sentence], tmp_path)
    assert Vocoder(tmp_path).description.precision == serves


def test_a_channel_without_weights_is_its_bias(compiled: Compiled, tmp_path: Path) -> None:
    """No weight to take a scale from, and a bias that is large beside it: int8 is near all the same."""
    network = lively(compiled.config)
    conv = network.get_submodule("conv_blocks.0.convs2.0.conv1d")
    assert isinstance(conv, torch.nn.Conv1d)
    assert conv.bias is not None
    conv.weight[0] = 0.0
    conv.bias[0] = 2.0
    compile_vocoder(network, compiled.config, RATE, [compiled.sentence], tmp_path)
    assert nearness(tmp_path, "int8", [compiled.sentence]).snr > 20


@pytest.mark.parametrize("precision", ["mixed", "int8"])
def test_int8_in_pieces_joins_as_well(compiled: Compiled, precision: VocoderPrecision) -> None:
    """Rounding does not depend on where a chunk begins."""
    vocoder = Vocoder(compiled.folder, precision)
    assert greatest(spoken(vocoder, compiled.sentence, 7), spoken(vocoder, compiled.sentence)) <= SEAM


def test_threads_get_the_bits_they_get_alone(compiled: Compiled) -> None:
    """Two utterances at once through one vocoder, fifty times."""
    vocoder = Vocoder(compiled.folder)
    sentences = [compiled.sentence, compiled.sentence[::-1][:90]]
    alone = [spoken(vocoder, each, 40) for each in sentences]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda each: spoken(vocoder, each, 40), sentences * 25))
    assert all(np.array_equal(wave, alone[i % 2]) for i, wave in enumerate(together))


def test_an_nsf_generator_has_its_source(excited: Compiled) -> None:
    """With the sines that are drawn here, torch makes the same samples."""
    c, network = excited.config, excited.network
    assert c.nsf
    features = torch.from_numpy(excited.sentence.T[None])
    sines = Sines(c.nsf.nb_harmonics + 1, RATE, c.hop, 0).next(excited.sentence[:, -2], excited.sentence[:, -1])
    source = network.source_module.ffn(torch.from_numpy(sines)[None])
    wave: Samples = network(features[:, :-2], source=source)[0, 0].numpy()
    assert greatest(spoken(Vocoder(excited.folder, "fp32"), excited.sentence), wave) <= PARITY


@pytest.mark.parametrize("piece", [1, 7, 40])
def test_the_source_goes_on_from_piece_to_piece(excited: Compiled, piece: int) -> None:
    """Phase and chance are carried: the samples of the whole utterance."""
    vocoder = Vocoder(excited.folder, "fp32")
    assert greatest(spoken(vocoder, excited.sentence, piece), spoken(vocoder, excited.sentence)) <= SEAM


def test_the_seed_decides_the_chance(excited: Compiled) -> None:
    """The same seed, the same bits; another, others."""
    vocoder = Vocoder(excited.folder)
    assert np.array_equal(spoken(vocoder, excited.sentence, seed=1), spoken(vocoder, excited.sentence, seed=1))
    assert not np.array_equal(spoken(vocoder, excited.sentence, seed=1), spoken(vocoder, excited.sentence, seed=2))


def test_the_sines_are_those_of_the_generator(excited: Compiled) -> None:
    """They differ from what `generator.Source` makes without noise by the noise alone."""
    harmonics, hop = excited.network.source_module.harmonics, excited.config.hop
    f0, voiced = excited.sentence[:, -2], np.ones(len(excited.sentence), np.float32)
    sines = Sines(harmonics, RATE, hop, seed=9)
    mixed = Source(SourceConfig(harmonics - 1, RATE), hop).double()
    mixed.ffn = torch.nn.Sequential()
    phase = torch.from_numpy(sines.phase)[None, :, None]
    silence = torch.zeros(1, harmonics, hop * len(f0), dtype=torch.double)
    wanted = mixed(*(torch.from_numpy(x).double()[None, None] for x in (f0, voiced)), phase, silence)[0].numpy()
    error = sines.next(f0, voiced) - wanted
    assert float(error.std()) == pytest.approx(0.003, rel=0.02)
    assert abs(float(np.mean(error * wanted))) < 1e-5


@pytest.mark.parametrize(("scale", "kernel", "causal"), [(10, 20, False), (5, 11, False), (2, 4, True), (3, 3, True)])
def test_two_upsamplers_are_one_convolution(scale: int, kernel: int, causal: bool) -> None:
    """Repeat and convolve, plus a transposed convolution, in one convolution and a reshape."""
    torch.manual_seed(0)
    repeat, deconv = torch.nn.Conv1d(6, 4, 7), torch.nn.ConvTranspose1d(6, 4, kernel, scale)
    around = (6, 0) if causal else (3, 3)
    cut = 0 if causal else (kernel - scale) // 2
    x = torch.randn(1, 6, 9)
    wanted = repeat(F.pad(x.repeat_interleave(scale, dim=-1), around)) + deconv(x)[..., cut : cut + 9 * scale]
    merged = merged_upsamplers(as_filters(repeat, around), as_filters(deconv, (cut, 0)), scale)
    phases = F.conv1d(F.pad(x, merged.padding), torch.from_numpy(merged.weight), torch.from_numpy(merged.bias))
    got = phases.reshape(scale, 4, 9).permute(1, 2, 0).reshape(1, 4, -1)
    assert torch.allclose(got, wanted, atol=1e-5)


def test_torch_is_not_needed_to_speak(compiled: Compiled) -> None:
    """A process that speaks has imported neither torch nor onnx."""
    program = (
        "import sys, numpy, pathlib\n"
        "from tts_engine.speech.voices.sambert.vocoder_runtime import Vocoder\n"
        f"vocoder = Vocoder(pathlib.Path({str(compiled.folder)!r}))\n"
        "assert sum(map(len, vocoder.speak([numpy.zeros((30, 10), numpy.float32)]))) == 30 * 200\n"
        "assert not {'torch', 'onnx'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603 our own text


def test_a_folder_without_a_vocoder_is_one_clear_error(compiled: Compiled, tmp_path: Path) -> None:
    """No description, one that is damaged, or no graph: add the voice again."""
    with pytest.raises(VoiceUnavailable, match="Add the voice again"):
        Vocoder(tmp_path)
    description = (compiled.folder / DESCRIPTION).read_text("utf-8")
    (tmp_path / DESCRIPTION).write_text(description[:-20], "utf-8")
    with pytest.raises(VoiceUnavailable, match="Add the voice again"):
        Vocoder(tmp_path)
    (tmp_path / DESCRIPTION).write_text(description, "utf-8")
    (tmp_path / GRAPH["int8"]).write_bytes(b"no graph")
    with pytest.raises(VoiceUnavailable, match="Add the voice again"):
        Vocoder(tmp_path, "int8")


@pytest.mark.parametrize("taps", [3, 7, 8, 11])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("samples", [2, 4])
def test_a_filter_that_makes_several_samples_at_once_is_the_same_filter(taps: int, causal: bool, samples: int) -> None:
    """Its channels are those of so many samples, one after another."""
    before = taps - 1 if causal else taps // 2
    layer = torch.nn.Conv1d(3, 4, taps)
    f = as_filters(layer, (before, taps - 1 - before))
    x = torch.randn(1, 3, 20, generator=torch.Generator().manual_seed(3))
    s = f.several(samples)
    y = F.conv1d(F.pad(x, s.padding), torch.from_numpy(s.weight), torch.from_numpy(s.bias), s.stride)
    assert torch.allclose(y[0].T.reshape(20, 4).T, layer(F.pad(x, f.padding))[0], atol=1e-6)


def weights(network: Generator) -> dict[str, Samples]:
    return {name: each.numpy() for name, each in network.state_dict().items()}


def as_filters(layer: torch.nn.Conv1d | torch.nn.ConvTranspose1d, padding: tuple[int, int]) -> Filters:
    assert layer.bias is not None
    return Filters(layer.weight.detach().numpy(), layer.bias.detach().numpy(), padding)
