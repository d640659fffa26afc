"""Writes vocabularies.json anew: what PyPI's tokenizers and tiktoken make of the files in vocabularies/, of texts, and how
Split cuts. Trains those files of the list below that are not there. Needs both; run it here: python3 vocabularies_golden.py"""
import base64
import json
import os

import tiktoken
import tokenizers
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

MASK = (1 << 64) - 1
FOLDER = os.path.dirname(os.path.abspath(__file__))
FILES = os.path.join(FOLDER, "vocabularies")
WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN = WORDS.replace("{1,3}", "")
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
SCRIPTS = "English, français, русский, العربية, हिन्दी, 中文, 日本語, 한국어, ไทย 🙂👩‍👩‍👧 ½ ٣ Ⅷ ⓐ ſ K ’tis"


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


TEXTS = [
    "", " ", "  ", "a", " a", "  a b  c ", "a\n\n b\r\n\tc \n", "It's WE'RE they’ll 'S", "12345 x1234y 1 22 333 4444",
    "foo(bar) -> baz[3]; // !!! ...\n\n\n", SCRIPTS, SCRIPTS * 3, "é e\u0301 ﬁ Å \u1e9b\u0323", "a\u2581b \u2581 \u2581\u2581",
    "<unk> <s> <0x41> <|end|> <0xC3>", "<unk> <unk><unk> a<unk>b <unk>\U0001f9ff<unk> \U0001f9ff", "\0\x01\x7f\x85\u180e\u2028\ufeff", "\U00031350\u1c89\u0cf3\U0001e030\U00011f50\U0001cc00x",
    "the thethe in the end the\nthe  foo bar", "kato" * 40, "aaaaaaaaaaaaaaa AAAAAAA BAAA", sample_text()[:1200],
    "A text without anything special. " * 4, "x" * 100 + " " * 70 + "\n" * 5, "_under_score_ ‿ camelCase HTTPServer",
]


def byte_level(alphabet=True, **options):
    return dict(
        show_progress=False, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()) if alphabet else [], **options)


def train(name):
    text = [sample_text()[i : i + 2000] for i in range(0, 40000, 2000)] + [SCRIPTS] * 20 + ["The end of the text, in 1999. "] * 30
    split = pre_tokenizers.Split(Regex(WORDS), "isolated")
    plain = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    if name == "bytelevel":
        t = Tokenizer(models.BPE())
        t.normalizer = normalizers.NFC()
        t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        t.train_from_iterator(text, trainers.BpeTrainer(vocab_size=420, special_tokens=["<|end|>"], **byte_level()))
        t.add_tokens(["the", "thethe", "  ", "中文"])
    elif name == "prefix":
        t = Tokenizer(models.BPE())
        t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
        t.train_from_iterator(text, trainers.BpeTrainer(vocab_size=380, **byte_level()))
    elif name == "split":
        t = Tokenizer(models.BPE(ignore_merges=True))
        t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(True), split, plain])
        t.train_from_iterator(text, trainers.BpeTrainer(vocab_size=420, **byte_level()))
    elif name == "letters":  # not every byte is a token
        t = Tokenizer(models.BPE())
        t.pre_tokenizer = pre_tokenizers.Sequence([split, plain])
        t.train_from_iterator(text[:20], trainers.BpeTrainer(vocab_size=120, **byte_level(alphabet=False)))
    elif name in ("metaspace", "llama"):
        t = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
        t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Metaspace(prepend_scheme="first"), pre_tokenizers.Digits(False)])
        special = ["<unk>", "<s>", "</s>"] + BYTES
        t.train_from_iterator(
            text, trainers.BpeTrainer(vocab_size=460, special_tokens=special, limit_alphabet=60, show_progress=False))
        if name == "llama":
            t.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
            t.pre_tokenizer = None
    elif name == "gemma":
        t = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
        t.normalizer = normalizers.Replace(" ", "▁")
        t.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
        t.train_from_iterator(
            [line for part in text for line in part.split("\n")],
            trainers.BpeTrainer(
                vocab_size=460, special_tokens=["<unk>"] + BYTES, limit_alphabet=60, max_token_length=12, show_progress=False))
    elif name == "unigram":
        t = Tokenizer(models.Unigram())
        t.pre_tokenizer = pre_tokenizers.Metaspace()
        t.train_from_iterator(
            text, trainers.UnigramTrainer(vocab_size=420, unk_token="<unk>", special_tokens=["<unk>"] + BYTES, show_progress=False))
        saved = json.loads(t.to_str())
        saved["model"]["byte_fallback"] = True
        t = Tokenizer.from_str(json.dumps(saved))
    saved = json.loads(t.to_str())
    # Byte tokens are the model's own, as in the files that come from SentencePiece.
    saved["added_tokens"] = [token for token in saved["added_tokens"] if token["content"] not in BYTES]
    if name in ("prefix", "gemma"):  # as older versions wrote them
        saved["model"]["merges"] = [" ".join(merge) for merge in saved["model"]["merges"]]
    with open(os.path.join(FILES, name + ".json"), "w") as file:
        json.dump(saved, file, separators=(",", ":"), ensure_ascii=name == "split")


def split_cases():
    """How Split cuts: (pattern, behavior, invert, text, pieces)."""
    texts = ["-a--b-", "a1234567b 12 ½٣", "a  \n\nb  \nc  ", "It's naïve\tcafé_x ǅ", "aAA bBb 0xFf", "\n a\n", "中1文-2、ー", "xb b xB A",
             "a\u1c89 \u180e\U0002ebf0\U0002b739中\U0001ccf1\u2427½^]", "s\u017f k\u212aK \u0345\u03b9 \u00e9"]
    patterns = [
        {"String": "-"}, {"String": "A"}, {"String": "\n"}, {"Regex": "-|a"}, {"Regex": r"\p{N}{1,3}+"}, {"Regex": r"\s+$"},
        {"Regex": r"^\S"}, {"Regex": r"\w+"}, {"Regex": r"\h{2}"}, {"Regex": r"(?m:a.)"}, {"Regex": r"(?i)A|[^\S\n]+"},
        {"Regex": r"[\p{Lu}\p{Lt}]\p{Ll}*"}, {"Regex": r"\d|\W"}, {"Regex": r"b(?:a|\x41|\u4e2d){2}?"}, {"Regex": r"[一-龥]|\p{^L}"},
        {"Regex": r"\p{Han}+"}, {"Regex": r"\p{Katakana}|[^\p{Han}]"}, {"Regex": r"x(?i)a|b"},
        {"Regex": r"[^\P{L}]+"}, {"Regex": r"[^\P{Han}x]|[\P{M}\d]+"}, {"Regex": r"[\P{Han}1]"}, {"Regex": r"[\W1]|[^\S\n\D]|[\P{L}^]"},
        {"Regex": r"[^]\W]+"}, {"Regex": r"(?i)[^\s\p{L}\p{N}]+|\p{Lu}"}, {"Regex": r"(?i:[K\u017f])|s\u017f|(?i:\p{Ll})[^K\s]"},
        {"Regex": r"(?x: a . # not ( [\n| \p{L} [ ] )b|\x{e9}|\x{41}".replace(r"\n", "\n")}, {"Regex": r"b(?#[)+"},
        {"Regex": WORDS}, {"Regex": r"[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"},
    ]
    cases = []
    for pattern in patterns:
        for behavior in ["isolated", "merged_with_previous", "merged_with_next", "contiguous"]:
            for invert in [False, True]:
                given = Regex(pattern["Regex"]) if "Regex" in pattern else pattern["String"]
                split = pre_tokenizers.Split(given, behavior, invert)
                name = "".join(part.capitalize() for part in behavior.split("_"))
                step = {"type": "Split", "pattern": pattern, "behavior": name, "invert": invert}
                cases.append({"step": json.dumps(step), "pieces": [[p for p, _ in split.pre_tokenize_str(t)] for t in texts]})
    return {"texts": texts, "cases": cases}


os.makedirs(FILES, exist_ok=True)
golden = {"texts": TEXTS, "ids": {}, "versions": {"tokenizers": tokenizers.__version__, "tiktoken": tiktoken.__version__}}
for name in ["bytelevel", "prefix", "split", "letters", "metaspace", "llama", "gemma", "unigram"]:
    if not os.path.exists(os.path.join(FILES, name + ".json")):
        train(name)
    tokenizer = Tokenizer.from_file(os.path.join(FILES, name + ".json"))
    tokenizer.encode_special_tokens = True  # text is data
    golden["ids"][name] = [tokenizer.encode(text, add_special_tokens=False).ids for text in TEXTS]
golden["split"] = split_cases()
with open(os.path.join(FOLDER, "bpe.json")) as file:
    tokens = [bytes.fromhex(token) for token in json.load(file)["ranks"]]
ranks = {token: rank + (rank >= 300) for rank, token in enumerate(tokens)}  # with a hole, as p50k_base has one
with open(os.path.join(FILES, "ranks.tiktoken"), "wb") as file:
    file.writelines(base64.b64encode(token) + b" %d\n" % rank for token, rank in ranks.items())
encoding = tiktoken.Encoding("qwen", pat_str=QWEN, mergeable_ranks=ranks, special_tokens={})
golden["ids"]["ranks"] = [encoding.encode_ordinary(text) for text in TEXTS]
with open(os.path.join(FOLDER, "vocabularies.json"), "w") as file:
    json.dump(golden, file, separators=(",", ":"))
