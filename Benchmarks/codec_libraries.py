"""The libraries that read a tokenizer's vocabulary: what 'harness bench codec --python' runs beside its own.

usage: codec_libraries.py FOLDER THREADS wall|processor [SECONDS]
           FOLDER/tokenizer is the saved tokenizer; text and lengths are the examples; ids and counts what the harness
           makes of them (little-endian uint32). Prints a list, of each library {"library", "sameIDs", and "encode",
           "decode", "encodeOneThread", "decodeOneThread" in megabytes a second}; one thread by processor time where that
           is asked for. The list is empty for families that no library reads, and lacks what is not installed.
needs: pip install tiktoken tokenizers sentencepiece
"""
import itertools, json, os, struct, sys, time

folder, threads, clock, least = sys.argv[1], int(sys.argv[2]), sys.argv[3], float((sys.argv[4:] or [1])[0])
os.environ["RAYON_NUM_THREADS"] = str(threads)


def numbers(name):
    return [number for number, in struct.iter_unpack("<I", open(f"{folder}/{name}", "rb").read())]


def items(values, lengths):
    ends = [0, *itertools.accumulate(lengths)]
    return [values[start:end] for start, end in itertools.pairwise(ends)]


def seconds(run, now):
    """The best of as many runs as fit into the time that each is measured for."""
    best = total = 0
    while not best or total < least:
        start = now()
        run()
        spent = now() - start
        best, total = min(best or spent, spent), total + spent
    return best


def measure(library, encode, decode, encode_one, decode_one):
    """The first two take all examples, the others one."""
    ids = [list(found) for found in encode(texts)]
    one = time.process_time if clock == "processor" else time.perf_counter
    speed = lambda run, now: size / 1e6 / seconds(run, now)
    return {
        "library": library, "sameIDs": ids == expected,
        "encode": speed(lambda: encode(texts), time.perf_counter),
        "decode": speed(lambda: decode(ids), time.perf_counter),
        "encodeOneThread": speed(lambda: [encode_one(text) for text in texts], one),
        "decodeOneThread": speed(lambda: [decode_one(example) for example in ids], one),
    }


def with_tiktoken(ranks, split):
    import tiktoken
    import tiktoken_ext.openai_public as public

    public.load_tiktoken_bpe = lambda *_, **__: ranks  # the library's own patterns, over these ranks
    pattern = {"gpt2": public.r50k_base, "cl100k": public.cl100k_base, "o200k": public.o200k_base}[split]()["pat_str"]
    encoding = tiktoken.Encoding("bench", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    return measure(
        f"tiktoken {tiktoken.__version__}", lambda texts: encoding.encode_ordinary_batch(texts, num_threads=threads),
        lambda ids: encoding.decode_bytes_batch(ids, num_threads=threads), encoding.encode_ordinary,
        encoding.decode_bytes)


def with_tokenizers(tokenizer):
    import tokenizers

    tokenizer.encode_special_tokens = True
    ids_of = lambda texts: [found.ids for found in tokenizer.encode_batch_fast(texts, add_special_tokens=False)]
    return measure(
        f"tokenizers {tokenizers.__version__}", ids_of, tokenizer.decode_batch,
        lambda text: tokenizer.encode(text, add_special_tokens=False).ids, tokenizer.decode)


def tokenizer_of(path):
    from tokenizers import Tokenizer

    return Tokenizer.from_file(path)


def byte_level(tokens, merges, split):
    """A trained BPE as the library holds it: bytes spelled as characters."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    spelling = {byte: chr(byte) for byte in plain}
    spelling |= {byte: chr(256 + n) for n, byte in enumerate(byte for byte in range(256) if byte not in spelling)}
    spelled = ["".join(spelling[byte] for byte in token) for token in tokens]
    tokenizer = Tokenizer(models.BPE(
        {token: id for id, token in enumerate(spelled)}, [(spelled[left], spelled[right]) for left, right in merges]))
    words = {
        "none": None, "gpt2": None,
        "cl100k": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
                  r"|\s*[\r\n]+|\s+(?!\S)|\s+",
        "o200k": r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
                 r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
                 r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    }[split]
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=split == "gpt2")
    tokenizer.pre_tokenizer = (
        pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(words), "isolated"), level]) if words else level)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def with_sentencepiece(path):
    import sentencepiece

    model = sentencepiece.SentencePieceProcessor(model_file=path)
    return measure(
        f"SentencePiece {sentencepiece.__version__}", lambda texts: model.encode(texts, num_threads=threads),
        lambda ids: model.decode(ids, num_threads=threads), lambda text: model.encode(text, num_threads=1), model.decode)


def vocabulary(path):
    """Tokens and merges of the harness's own file (Sources/Plugins/BPE/VocabularyFile.swift)."""
    data = open(path, "rb").read()
    count, rules = struct.unpack_from("<2I", data, 12)
    lengths = struct.unpack_from(f"<{count}I", data, 24)
    place = 24 + 4 * count
    tokens = items(data[place:place + sum(lengths)], lengths)
    place += sum(lengths)
    return tokens, [struct.unpack_from("<2I", data, place + 12 * rule) for rule in range(rules)]


def libraries():
    """What measures each library, to be called."""
    saved = folder + "/tokenizer/"
    tokenizer = json.load(open(saved + "tokenizer.json"))["tokenizer"]
    name, values = tokenizer["name"], tokenizer["values"]
    if name == "SentencePiece":
        yield lambda: with_sentencepiece(saved + "spiece.model")
    if name == "HuggingFace":
        yield lambda: with_tokenizers(tokenizer_of(saved + "huggingface.json"))
    split = values.get("split", "gpt2")
    if name == "Tiktoken" and split in ("gpt2", "cl100k", "o200k"):
        import base64

        lines = (line.split() for line in open(saved + "ranks.tiktoken", "rb"))
        ranks = {base64.b64decode(token): int(rank) for token, rank in lines if token != b"="}
        yield lambda: with_tiktoken(ranks, split)
    if name == "BPE" and split != "space" and "base" not in values and values.get("segmenter", "merges") == "merges":
        tokens, merges = vocabulary(saved + "vocabulary.bin")
        if split != "none":
            yield lambda: with_tiktoken({token: rank for rank, token in enumerate(tokens)}, split)
        yield lambda: with_tokenizers(byte_level(tokens, merges, split))


lengths = numbers("lengths")
size = sum(lengths)
try:
    texts = [text.decode() for text in items(open(folder + "/text", "rb").read(), lengths)]
except UnicodeDecodeError as error:
    sys.exit(f"the text is no UTF-8 ({error}); the libraries take text alone, so measure without them")
expected = items(numbers("ids"), numbers("counts"))
found = []
for library in libraries():
    try:
        found.append(library())
    except ModuleNotFoundError as missing:
        print(f"not measured: this Python has no {missing.name} (pip install {missing.name})", file=sys.stderr)
print(json.dumps(found))
