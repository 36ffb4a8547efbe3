"""The networks: their sizes, what a step of the decoder may see, what the generator's source is."""

import json
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.resources import files
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from torch import Tensor, nn

from tests.speech.sambert.conftest import GOLDEN, tiny_params
from tts_engine.speech.voices import sambert
from tts_engine.speech.voices.sambert.acoustic import AcousticModel
from tts_engine.speech.voices.sambert.config import AcousticConfig, Fields, GeneratorConfig, Tables
from tts_engine.speech.voices.sambert.generator import Generator
from tts_engine.speech.voices.sambert.parity import Golden
from tts_engine.speech.voices.sambert.snapshot import with_weight_norm
from tts_engine.speech.voices.sambert.weights import acoustic_model

COUNTS = json.loads((GOLDEN / "param_counts.json").read_text())
TABLES = Tables(sy=147, tone=10, syllable_flag=8, word_segment=8, emotion=36, speaker=4)
# How the published configuration with a speaker's vector differs from the NSF one.
SE = {"SE": True, "speaker_units": 192, "nsf_norm_type": "global"}


def params(name: str, **changes: Any) -> dict[str, Any]:
    text = files(sambert).joinpath("data", f"{name}.yaml").read_text("utf-8")
    model = yaml.safe_load(text)["Model"]
    found: dict[str, Any] = (model.get("KanTtsSAMBERT") or model["Generator"])["params"]
    return found | changes


def acoustic_config(values: dict[str, Any]) -> AcousticConfig:
    return AcousticConfig.parse(Fields.of("params", "", values))


def generator_config(values: dict[str, Any]) -> GeneratorConfig:
    return GeneratorConfig.parse(Fields.of("params", "", values))


def shapes(network: nn.Module) -> dict[str, list[int]]:
    return {key: list(tensor.shape) for key, tensor in network.state_dict().items()}


def published_shapes(name: str) -> dict[str, list[int]]:
    return {key: shape for key, (shape, _) in json.loads((GOLDEN / f"{name}.state_dict.json").read_text()).items()}


@pytest.fixture(scope="module")
def tiny() -> tuple[AcousticModel, Golden]:
    golden = Golden.read(GOLDEN / "tiny_am.npz")
    return acoustic_model(acoustic_config(tiny_params("am")), golden.weights, golden.file), golden


@pytest.mark.parametrize(("name", "speakers"), [("sambert_16k", 4), ("sambert_nsf_16k", 9)])
def test_the_acoustic_model_has_the_published_tensors(name: str, speakers: int) -> None:
    """Every key and every shape of the full-size checkpoints."""
    with torch.device("meta"):
        model = AcousticModel(acoustic_config(params(name)), replace(TABLES, speaker=speakers))

    assert shapes(model) == published_shapes(f"am_{name}")


@pytest.mark.parametrize("name", ["hifigan_noncausal_v1_16k", "hifigan_v1_16k", "hifigan_v1_24k"])
def test_the_generator_has_the_published_tensors(name: str) -> None:
    """Every key and every shape, once weight norm is put back as the checkpoints have it."""
    network = Generator(generator_config(params(name)))

    weights = with_weight_norm(network.state_dict())
    assert {key: list(tensor.shape) for key, tensor in weights.items()} == published_shapes(f"voc_{name}")


@pytest.mark.parametrize(
    ("counted", "values"),
    [
        ("sambert_16k", params("sambert_16k")),
        ("sambert_24k", params("sambert_24k")),
        ("sambert_nsf_16k", params("sambert_nsf_16k")),
        ("sambert_se_nsf_global_16k", params("sambert_nsf_16k", **SE)),
    ],
)
def test_the_acoustic_models_count_as_published(counted: str, values: dict[str, Any]) -> None:
    want = COUNTS[f"am:{counted}"]
    with torch.device("meta"):
        model = AcousticModel(acoustic_config(values), replace(TABLES, speaker=want["unit_size"]["speaker"]))

    assert sum(parameter.numel() for parameter in model.parameters()) == want["total"]
    assert len(model.state_dict()) == want["keys"]


@pytest.mark.parametrize(
    "name", ["hifigan_noncausal_v1_16k", "hifigan_v1_16k", "hifigan_v1_24k", "hifigan_noncausal_nsf_v1_16k"]
)
def test_the_generators_count_as_published(name: str) -> None:
    want = COUNTS[f"voc:{name}"]
    network = Generator(generator_config(params(name)))

    assert sum(parameter.numel() for parameter in network.parameters()) == want["total_nown"]
    weights = with_weight_norm(network.state_dict())
    assert (len(weights), sum(tensor.numel() for tensor in weights.values())) == (want["keys_wn"], want["total_wn"])


@torch.inference_mode()
def test_utterances_join_and_leave_a_batch_of_steps(tiny: tuple[AcousticModel, Golden]) -> None:
    """Each row of a step has its own index, band and end, and the numbers it has alone."""
    model, golden = tiny
    units, emotion, speaker = (golden.input(name) for name in ("ling", "emo", "spk"))
    decoder = model.mel_decoder
    told, alone = [], []
    for length in (22, 6):
        text = model.text_encoder(units[:, :length])
        hidden = text, model.spk_tokenizer(speaker[:, :length]), model.emo_tokenizer(emotion[:, :length])
        told.append(model.variance_adaptor(*hidden)[1])
        alone.append(decoder(told[-1].memory, told[-1].steps, told[-1].band)[0])
    late = 10  # the second begins when the first is at this step, and ends long before it
    memory = nn.utils.rnn.pad_sequence([each.memory[0] for each in told], batch_first=True)
    keys = decoder.prepare(memory)
    band, steps = (torch.cat(each) for each in zip(*[(each.band, each.steps) for each in told], strict=True))
    window = decoder.window(2, int(band.max()) + 3)  # wider than need be
    frame = torch.zeros(2, decoder.num_mels)
    mels: list[list[Tensor]] = [[], []]
    for i in range(int(steps[0])):
        if i == late:
            frame[1], window[:, :, 1] = 0.0, 0.0
        at = torch.tensor([i, i - late if i >= late else 0])
        frames, window = decoder.step(frame, window, memory, keys, at, band, steps)
        frame = frames[:, -1].clone()
        mels[0].append(frames[0])
        if late <= i < late + int(steps[1]):
            mels[1].append(frames[1])

    for mel, single in zip(mels, alone, strict=True):
        torch.testing.assert_close(torch.cat(mel), single, atol=1e-6, rtol=0)


@torch.inference_mode()
def test_a_text_longer_than_the_table_of_positions_is_spoken(tiny: tuple[AcousticModel, Golden]) -> None:
    """Positions go on by their formula, and the table in the model stays as it was."""
    model, golden = tiny
    table = model.text_encoder.ling_enc.position_enc.position_enc
    rows = table.size(1)
    units = golden.input("ling").repeat(1, 4, 1)
    assert units.size(1) > rows

    longer = acoustic_config(tiny_params("am") | {"max_len": 200})
    weights = {key: tensor for key, tensor in golden.weights.items() if not key.endswith("position_enc")}
    other = acoustic_model(longer, weights, golden.file)

    torch.testing.assert_close(model.text_encoder(units), other.text_encoder(units), atol=0, rtol=0)
    assert table.size(1) == rows


def test_two_threads_speak_through_one_model(tiny: tuple[AcousticModel, Golden]) -> None:
    """Every result is bit for bit what it is alone: no state lies in the model."""
    model, golden = tiny
    inputs = [[golden.input(name)[:, :length] for name in ("ling", "emo", "spk")] for length in (22, 9)]

    def speak(number: int) -> Tensor:
        with torch.inference_mode():
            mel: Tensor = model(*inputs[number % 2]).mel
            return mel

    alone = [speak(0), speak(1)]
    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(speak, range(20)))

    assert all(torch.equal(mel, alone[number % 2]) for number, mel in enumerate(together))


@torch.inference_mode()
def test_a_symbol_of_no_frames_is_passed_over(tiny: tuple[AcousticModel, Golden]) -> None:
    """Durations round half up; what rounds to nothing has no frame, and the rest keeps its place."""
    model, _ = tiny
    adaptor = model.variance_adaptor
    text = torch.randn(1, 4, 8)
    speaker, emotion = torch.zeros(1, 4, 4), torch.zeros(1, 4, 4)

    told = adaptor.regulate(text, speaker, emotion, torch.tensor([[1.5, 0.4, 0.0, 2.4]]))

    assert (int(told.frames), int(told.steps), int(told.band)) == (4, 2, 1)
    place = adaptor.dur_position_encoder(torch.tensor([[1.0, 2.0, 1.0, 2.0, 0.0, 0.0]]))
    frames = told.memory[..., :24].reshape(1, 6, 8) - place
    torch.testing.assert_close(frames[0, :4], text[0, [0, 0, 3, 3]])
    assert not frames[0, 4:].any()


@torch.inference_mode()
def test_a_causal_generator_never_looks_ahead() -> None:
    """Changing frame 50 changes nothing that is heard before it; the other generator looks ahead."""
    for kind, same in (("causal", True), ("noncausal", False)):
        torch.manual_seed(0)
        network = Generator(generator_config(tiny_params(f"voc_{kind}"))).eval()
        mel = torch.randn(1, 10, 60)
        changed = mel.clone()
        changed[..., 50] += 1.0
        before, after = network(mel), network(changed)
        assert torch.equal(before[..., : 50 * 200], after[..., : 50 * 200]) is same
        assert not torch.equal(before[..., 50 * 200 :], after[..., 50 * 200 :])


@pytest.fixture(scope="module")
def nsf() -> Generator:
    torch.manual_seed(0)
    source = {"nb_harmonics": 7, "sampling_rate": 16_000}
    return Generator(generator_config(tiny_params("voc_noncausal") | {"nsf_params": source})).eval()


@torch.inference_mode()
def test_the_source_hums_at_f0_and_hisses_without_voice(nsf: Generator) -> None:
    """A voiced second at 200 Hz has its peak there; an unvoiced one is noise a third of the amplitude wide."""
    module = nsf.source_module
    mix = module.ffn[0]
    assert isinstance(mix, nn.Conv1d)
    assert mix.bias is not None
    mix.weight.zero_()
    mix.weight[0, 0] = 1.0  # F0 alone
    mix.bias.zero_()
    f0 = torch.full((1, 1, 80), 200.0)
    phase, noise = module.draw(80, seed=3)

    voiced, unvoiced = (module(f0, torch.full_like(f0, voice), phase, noise)[0, 0] for voice in (1.0, 0.0))

    assert int(np.abs(np.fft.rfft(voiced.numpy())).argmax()) == 200  # one Hz a bin
    assert float(voiced.abs().max()) == pytest.approx(math.tanh(0.1), abs=0.02)
    assert float(unvoiced.std()) == pytest.approx(0.1 / 3, rel=0.05)


@torch.inference_mode()
def test_an_nsf_batch_equals_its_singles(nsf: Generator) -> None:
    """The source of an utterance is its own, and ends where it ends."""
    lengths = (30, 11)
    alone, mels, sources = [], [], []
    for seed, length in enumerate(lengths):
        mel, f0 = torch.randn(1, 10, length), 100 + 100 * torch.rand(1, 1, length)
        source = nsf.source_module(f0, (f0 > 130).float(), *nsf.source_module.draw(length, seed))
        alone.append(nsf(mel, source=source)[0])
        mels.append(mel[0].T)
        sources.append(source[0].T)
    mel, source = (nn.utils.rnn.pad_sequence(each, batch_first=True, padding_value=9.0).mT for each in (mels, sources))
    valid = torch.arange(30) < torch.tensor(lengths)[:, None]

    together = nsf(mel, valid, source)

    for row, single in enumerate(alone):
        torch.testing.assert_close(together[row, :, : single.size(1)], single, atol=5e-6, rtol=0)
        assert not together[row, :, single.size(1) :].any()
