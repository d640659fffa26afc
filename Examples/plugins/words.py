"""A tokenizer in Python alone: the commonest words of the training text, and single bytes for all else."""
import collections, itertools, json, re, struct, sys
stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
WORD = re.compile(rb" ?[A-Za-z]+|[\s\S]")
V = {"key": "v", "kind": "integer", "from": 256, "to": 65536, "default": "4k", "summary": "at most so many ids"}
HELLO = {"protocol": 1, "name": "Words", "version": "1", "summary": "common words, and bytes", "parameters": [V],
         "trainingBytes": 1 << 23}

def items(data, counts, width):
    ends = [0, *itertools.accumulate(width * count for count in counts)]
    return [data[start:end] for start, end in itertools.pairwise(ends)]

while line := stdin.readline():
    request = json.loads(line)
    data, answer, results = stdin.read(request["payload"]), {}, []
    if request["request"] == "hello":
        answer = HELLO
    elif request["request"] == "train":
        seen = collections.Counter(WORD.findall(open(request["corpus"], "rb").read()))
        best = sorted((word for word in seen if len(word) > 1), key=lambda word: (-seen[word], word))
        open(request["folder"] + "/words", "wb").write(b"\n".join(best[:request["parameters"]["v"] - 256]))
    elif request["request"] == "load":
        words = open(request["folder"] + "/words", "rb").read().split(b"\n")
        table = [bytes([i]) for i in range(256)] + [word for word in words if word]
        number = {word: i for i, word in enumerate(table)}
        answer = {"vocabulary": len(table)}
    elif request["request"] == "encode":
        for text in items(data, request["counts"], 1):
            ids = [i for word in WORD.findall(text)
                   for i in ([number[word]] if word in number else word)]
            results.append(struct.pack(f"<{len(ids)}I", *ids))
        answer = {"counts": [len(ids) // 4 for ids in results]}
    else:  # decode and decodeGenerated
        for tokens in items(data, request["counts"], 4):
            results.append(b"".join(table[i] for i, in struct.iter_unpack("<I", tokens)))
        answer = {"counts": [len(text) for text in results]}
    payload = b"".join(results)
    stdout.write(json.dumps({"id": request["id"], "payload": len(payload), **answer}).encode() + b"\n" + payload)
    stdout.flush()
