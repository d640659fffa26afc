"""Writes `ids` and `merges` of bpe.json anew: what PyPI's tiktoken and tokenizers make of its ranks, its texts and the
tests' sample text. Needs both; run it here: python3 bpe_golden.py"""
import json
import os

import tiktoken
import tokenizers
from tiktoken_ext import openai_public
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

PATTERNS = {
    "none": r"(?s).+",
    "space": r" ?\S++|\s++$|\s+(?!\S)|\s",
    "gpt2": openai_public.r50k_pat_str,
    # As they stand in tiktoken_ext/openai_public.py; its functions would fetch the ranks.
    "cl100k": r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$"
    r"|\s*[\r\n]|\s+(?!\S)|\s",
    "o200k": r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
}
MASK = (1 << 64) - 1


class SeededGenerator:
    """SplitMix64, as in Support."""

    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return ((z ^ (z >> 31)) * bound) >> 64


def sample_text():
    """sampleText of Samples.swift."""
    g = SeededGenerator(9)
    syllables = "ka to re mi sun lor ing est phi qua ble der ov zu wy".split()
    words = ["".join(syllables[g.below(15)] for _ in range(g.below(4) + 1)) for _ in range(700)]
    return "".join(words[g.below(700) * g.below(700) // 700] + (".\n" if i % 11 == 10 else " ") for i in range(9000))


def byte_of_character():
    """The bytes that the characters of tokenizers' ByteLevel stand for."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(b): b for b in plain} | {chr(256 + i): b for i, b in enumerate(others)}


def learned_merges(text):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    trainer = trainers.BpeTrainer(
        vocab_size=1000, min_frequency=2, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False)
    tokenizer.train_from_iterator([text[i : i + 2000] for i in range(0, len(text), 2000)], trainer)
    byte = byte_of_character()
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return [[bytes(byte[c] for c in half).hex() for half in merge] for merge in merges]


path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bpe.json")
with open(path) as file:
    golden = json.load(file)
ranks = {bytes.fromhex(token): rank for rank, token in enumerate(golden["ranks"])}
texts = [bytes.fromhex(text).decode() for text in golden["texts"]]
golden["versions"] = {"tiktoken": tiktoken.__version__, "tokenizers": tokenizers.__version__}
for name, pattern in PATTERNS.items():
    encoding = tiktoken.Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    golden["ids"][name] = [encoding.encode_ordinary(text) for text in texts]
golden["merges"] = learned_merges(sample_text())
with open(path, "w") as file:
    json.dump(golden, file, separators=(",", ":"))
