"""Byte-level BPE of Hugging Face's library `tokenizers` (pip install tokenizers), which takes text alone."""
import itertools, json, os, struct, sys
stdin, stdout = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
os.dup2(2, 1)  # what the library prints goes to standard error: standard output is for frames
os.environ["TOKENIZERS_PARALLELISM"] = "false"  # the harness runs one process a thread
import tokenizers
V = {"key": "v", "kind": "integer", "from": 256, "to": 1000000, "default": "4k", "summary": "the library's ids at most"}
HELLO = {"protocol": 1, "name": "LibraryBPE", "version": "1, tokenizers " + tokenizers.__version__, "takes": "text",
         "summary": "byte-level BPE of the library tokenizers", "parameters": [V], "trainingBytes": 1 << 23}

def items(data, counts, width):
    ends = [0, *itertools.accumulate(width * count for count in counts)]
    return [data[start:end] for start, end in itertools.pairwise(ends)]

while line := stdin.readline():
    request = json.loads(line)
    data, answer, results = stdin.read(request["payload"]), {}, []
    if request["request"] == "hello":
        answer = HELLO
    elif request["request"] == "train":
        model = tokenizers.ByteLevelBPETokenizer()
        text = open(request["corpus"], "rb").read().decode()
        model.train_from_iterator([text], vocab_size=request["parameters"]["v"], show_progress=False)
        model.save(request["folder"] + "/tokenizer.json")
    elif request["request"] == "load":
        model = tokenizers.Tokenizer.from_file(request["folder"] + "/tokenizer.json")
        answer = {"vocabulary": model.get_vocab_size()}
    elif request["request"] == "encode":
        texts = [text.decode() for text in items(data, request["counts"], 1)]
        results = [struct.pack(f"<{len(one.ids)}I", *one.ids) for one in model.encode_batch(texts)]
        answer = {"counts": [len(ids) // 4 for ids in results]}
    else:  # decode and decodeGenerated
        ids = [[i for i, in struct.iter_unpack("<I", tokens)] for tokens in items(data, request["counts"], 4)]
        results = [text.encode() for text in model.decode_batch(ids)]
        answer = {"counts": [len(text) for text in results]}
    payload = b"".join(results)
    stdout.write(json.dumps({"id": request["id"], "payload": len(payload), **answer}).encode() + b"\n" + payload)
    stdout.flush()
