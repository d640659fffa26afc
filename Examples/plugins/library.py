"""A tokenizer of Hugging Face's library `tokenizers` (pip install tokenizers): byte-level BPE. It takes text alone; the
harness makes it lossless. What the library prints is kept away from standard output, which is for frames."""
import itertools, json, os, struct, sys

os.environ["TOKENIZERS_PARALLELISM"] = "false"  # the harness runs one process a thread
stdin, stdout = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)
import tokenizers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

HELLO = {
    "protocol": 1, "name": "LibraryBPE", "version": "1, tokenizers " + tokenizers.__version__, "takes": "text",
    "summary": "byte-level BPE of the library tokenizers", "source": "github.com/huggingface/tokenizers",
    "trainingBytes": 1 << 23,
    "parameters": [{"key": "v", "kind": "integer", "from": 256, "to": 1000000, "thousand": 1000, "default": "4k",
                    "summary": "the library's vocabulary at most; 256 ids of bytes come on top"}],
}


def items(data, counts, width=1):
    ends = [0, *itertools.accumulate(width * count for count in counts)]
    return [data[start:end] for start, end in itertools.pairwise(ends)]


def train(request):
    model = Tokenizer(models.BPE())
    model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    model.decoder = decoders.ByteLevel()
    lengths = [n for n, in struct.iter_unpack("<I", open(request["lengths"], "rb").read())]
    texts = [text.decode() for text in items(open(request["corpus"], "rb").read(), lengths)]
    trainer = trainers.BpeTrainer(
        vocab_size=request["parameters"]["v"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    model.train_from_iterator(texts, trainer)
    model.save(request["folder"] + "/tokenizer.json")


while line := stdin.readline():
    request = json.loads(line)
    data, answer, results = stdin.read(request["payload"]), {}, []
    try:
        if request["request"] == "hello":
            answer = HELLO
        elif request["request"] == "train":
            train(request)
        elif request["request"] == "load":
            model = Tokenizer.from_file(request["folder"] + "/tokenizer.json")
            answer = {"vocabulary": model.get_vocab_size()}
        elif request["request"] == "encode":
            texts = [text.decode() for text in items(data, request["counts"])]
            ids = [encoding.ids for encoding in model.encode_batch(texts, add_special_tokens=False)]
            results = [struct.pack(f"<{len(one)}I", *one) for one in ids]
            answer = {"counts": [len(one) for one in ids]}
        else:  # decode and decodeGenerated
            ids = [[i for i, in struct.iter_unpack("<I", one)] for one in items(data, request["counts"], 4)]
            results = [text.encode() for text in model.decode_batch(ids, skip_special_tokens=False)]
            answer = {"counts": [len(text) for text in results]}
    except Exception as problem:
        answer, results = {"error": {"message": f"{type(problem).__name__}: {problem}"}}, []
    payload = b"".join(results)
    stdout.write(json.dumps({"id": request["id"], "payload": len(payload), **answer}).encode() + b"\n" + payload)
    stdout.flush()
