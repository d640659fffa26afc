"""This project's transformer in PyTorch, as a program that the harness starts and that it measures itself against.

usage: torch_worker.py train JOB
           JOB is the JSON file that TorchBackend.swift writes. Trains from the job's weights, or its checkpoint, to the step
           it names, or until its stop file is there, and says in lines of JSON, each with an "event":
             ready   {torch, device, step}      it begins, after so many steps
             note    {text}                     what a person should know
             steps   {first, lossNats, seconds} mean nats per token of the steps from `first` on, and what they took
             saved   {step}                     a checkpoint is on disk
             nats    {values}                   of the scored examples, under the weights after the last step
             diverged {step}                    the loss of that step was no number; nothing follows
             done    {step}                     at the end: weights.safetensors where it is the job's last step
       torch_worker.py gradient FILE OUT
           loss and gradients of FILE's weights and tokens, as safetensors
       torch_worker.py time FILE THREADS SECONDS
           training steps on FILE's weights and tokens; prints {"seconds": best step, "version": PyTorch's}

Several processes share a batch where torch.distributed.run starts them. Needs nothing but torch."""
import bisect, ctypes, json, math, os, struct, sys, time

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what libraries print, such as NCCL_DEBUG asks for, is no answer
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # products that give the same bits each time
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint as recomputed


def read_tensors(path):
    """Named float32 tensors, and the table, of a safetensors file."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        start, table, tensors = file.tell(), header.pop("__metadata__", {}), {}
        for name, entry in header.items():
            first, end = entry["data_offsets"]
            file.seek(start + first)
            values = torch.frombuffer(bytearray(file.read(end - first)), dtype=torch.float32)
            tensors[name] = values.reshape(entry["shape"])
    return tensors, {key: value for key, value in table.items() if key != "sha256"}  # that is of this very file


def write_tensors(path, tensors, table):
    """Beside `path` and then renamed: a reader never sees half a file."""
    header, end = {"__metadata__": table}, 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [end, end + 4 * tensor.numel()]}
        end += 4 * tensor.numel()
    text = json.dumps(header, sort_keys=True).encode()
    text += b" " * (-len(text) % 8)

    def write(file):
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            flat = tensor.detach().float().contiguous().cpu()
            file.write((ctypes.c_char * (4 * flat.numel())).from_address(flat.data_ptr()))

    write_whole(path, write)


def write_whole(path, write):
    beside = f"{path}.partial-{os.getpid()}"
    with open(beside, "wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


class Row:
    """One long row of tokens in several memory-mapped files."""

    def __init__(self, files, width, count):
        number = {1: torch.uint8, 2: torch.int16, 4: torch.int32}[width]
        self.files = [torch.from_file(path, False, os.path.getsize(path) // width, dtype=number) for path in files]
        self.starts = [0]
        for file in self.files:
            self.starts.append(self.starts[-1] + len(file))
        self.count, self.mask = count, (1 << 8 * width) - 1

    def slice(self, start, length):
        """`length` tokens from `start` on; the row begins again where it ends."""
        parts = []
        while length > 0:
            start %= self.count
            i = bisect.bisect_right(self.starts, start) - 1
            end = min(self.starts[i + 1], self.count, start + length)
            parts.append(self.files[i][start - self.starts[i] : end - self.starts[i]].long() & self.mask)
            length -= end - start
            start = end
        return torch.cat(parts)


class Model(torch.nn.Module):
    """Decoder-only, pre-RMSNorm, relative attention bias, tied embedding; parameters by the names they are saved by."""

    def __init__(self, tensors, heads, head_size, vocabulary, buckets, z_loss, autocast):
        super().__init__()
        self.names = list(tensors)
        self.values = torch.nn.ParameterList([torch.nn.Parameter(tensor) for tensor in tensors.values()])
        self.layers = sum(name.endswith(".qkv") for name in self.names)
        self.heads, self.head_size, self.vocabulary = heads, head_size, vocabulary
        self.z_loss, self.autocast = z_loss, autocast
        self.register_buffer("buckets", torch.tensor(buckets), persistent=False)

    def named(self):
        return dict(zip(self.names, self.values))

    def attention_bias(self, bias, length):
        """(heads, length, length) of a layer: its bias by distance, -inf at what is to come.

        Made without an index for each pair: the gradient of that adds up all pairs of a bucket, one after another where
        algorithms are to be deterministic."""
        bucket = self.buckets[torch.arange(length, device=bias.device).clamp(max=len(self.buckets) - 1)]
        by_distance = bias @ F.one_hot(bucket, bias.shape[1]).T.to(bias.dtype)
        # Over and over, and cut into rows that are one shorter: each begins one place earlier than the one before.
        future = bias.new_full((len(bias), length), float("-inf"))
        row = torch.cat([by_distance[:, :1], future, by_distance[:, 1:].flip(1)], 1)
        rows = row.repeat(1, length)[:, : length * (2 * length - 1)]
        return rows.view(len(bias), length, 2 * length - 1)[:, :, :length]

    def rows(self, tokens):
        """The embedding's rows of tokens."""
        embedding = self.named()["embedding"]
        if tokens.is_cuda and len(embedding) <= 512:
            # As a product, which is exact too: the gradient of an index adds up a token's rows one after another there.
            return F.one_hot(tokens, len(embedding)).to(embedding.dtype) @ embedding
        return embedding[tokens]

    def states(self, tokens):
        """What the head reads: (batch, length, dim). A sequence begins with BOS, row `vocabulary` of the embedding."""
        p = self.named()
        batch, length = tokens.shape
        heads, size, dim = self.heads, self.head_size, p["embedding"].shape[1]
        inputs = torch.cat([tokens.new_full((batch, 1), self.vocabulary), tokens[:, :-1]], 1)
        x = self.rows(inputs)
        with torch.autocast(tokens.device.type, torch.bfloat16, enabled=self.autocast):
            for l in range(self.layers):
                w = lambda name: p[f"layers.{l}.{name}"]
                normed = F.rms_norm(x, (dim,), w("attentionNorm"), eps=1e-6)
                q, k, v = (normed @ w("qkv")).view(batch, length, 3, heads, size).permute(2, 0, 3, 1, 4)
                with torch.autocast(tokens.device.type, enabled=False):
                    bias = self.attention_bias(w("relativeBias"), length).to(q.dtype).contiguous()
                y = F.scaled_dot_product_attention(q, k, v, attn_mask=bias.unsqueeze(0))
                x = x + y.transpose(1, 2).reshape(batch, length, heads * size) @ w("attentionOut")
                x = x + F.relu(F.rms_norm(x, (dim,), w("mlpNorm"), eps=1e-6) @ w("mlpIn")) @ w("mlpOut")
            return F.rms_norm(x, (dim,), p["finalNorm"], eps=1e-6)

    def head(self, x, targets):
        """Nats and squared log partition of each row."""
        embedding = self.named()["embedding"]
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self.autocast):
            logits = x @ embedding[: self.vocabulary].T / math.sqrt(embedding.shape[1])
        logits = logits.float() if self.autocast else logits
        log_z = torch.logsumexp(logits, -1)
        return log_z - logits.gather(1, targets[:, None]).squeeze(1), log_z**2

    def token_nats(self, tokens):
        x, targets = self.states(tokens).flatten(0, 1), tokens.flatten()
        rows = max(64, (1 << (28 if tokens.is_cuda else 24)) // self.vocabulary)  # the compiler unrolls blocks: few, of up to 1 GB
        if len(targets) <= rows:
            return self.head(x, targets)
        # Logits of a block at a time, computed again for their gradients: never tokens × vocabulary.
        parts = [recomputed(self.head, *part, use_reentrant=False) for part in zip(x.split(rows), targets.split(rows))]
        return tuple(torch.cat(part) for part in zip(*parts))

    def forward(self, tokens):
        """Σ of the loss and Σ of the nats of all tokens."""
        nats, z = self.token_nats(tokens)
        return nats.sum() + self.z_loss * z.sum(), nats.detach().sum()


class Adafactor(torch.optim.Optimizer):
    """Shazeer & Stern 2018, algorithms 4 and 5, β₂ = 1 - step^-0.8: as Adafactor.swift."""

    def __init__(self, groups):
        super().__init__(groups, {})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state["step"] = 0
                    state["rows"] = p.new_zeros(p.shape[0], 1) if group["matrix"] else None
                    state["columns"] = p.new_zeros(1, p.shape[1]) if group["matrix"] else p.new_zeros(p.shape)
                keep = 0.0 if state["step"] == 0 else 1 - (state["step"] + 1) ** -0.8
                state["step"] += 1
                square = p.grad**2 + 1e-30
                if group["matrix"]:
                    state["rows"].mul_(keep).add_(square.mean(1, keepdim=True), alpha=1 - keep)
                    state["columns"].mul_(keep).add_(square.mean(0, keepdim=True), alpha=1 - keep)
                    update = p.grad * (state["rows"] / state["rows"].mean()).rsqrt() * state["columns"].rsqrt()
                else:
                    state["columns"].mul_(keep).add_(square, alpha=1 - keep)
                    update = p.grad * state["columns"].rsqrt()
                size = p.square().mean().sqrt().clamp(min=1e-3)
                scale = size / update.square().mean().sqrt().clamp(min=1)
                p.mul_(1 - group["lr"] * group["weight_decay"]).sub_(update * scale * group["lr"])


def optimizer_of(job, model):
    """Each parameter has a rate of its own over the base rate; only matrices decay."""
    groups = []
    for name, value in model.named().items():
        matrix = name in job["matrices"]
        group = {"params": [value], "matrix": matrix, "rate": job["rates"][name], "lr": 0.0}
        groups.append(group | {"weight_decay": job["weightDecay"] if matrix else 0.0})
    if job["optimizer"] == "adafactor":
        return Adafactor(groups)
    return torch.optim.AdamW(groups, betas=(0.9, job["beta2"]), eps=1e-8, fused=model.values[0].is_cuda)


def say(event, **fields):
    if int(os.environ.get("RANK", 0)) == 0:
        print(json.dumps({"event": event} | fields), file=answers, flush=True)


class Run:
    def __init__(self, job):
        self.job = job
        self.rank, self.world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        gpu = torch.cuda.is_available()
        if gpu:
            torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", 0)))
        torch.set_num_threads(max(1, job["threads"] // self.world))
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.utils.deterministic.fill_uninitialized_memory = False  # nothing is read that was not written
        self.device = torch.device("cuda" if gpu else "cpu")
        self.name = torch.cuda.get_device_name() if gpu else "cpu"
        if self.world > 1:
            dist.init_process_group("nccl" if gpu else "gloo")
        self.folder, self.saved = job["folder"], job["folder"] + "/torch-checkpoint.pt"
        self.row = Row(job["tokens"]["files"], job["tokens"]["width"], job["tokens"]["count"])
        self.order = torch.from_file(job["order"], False, job["steps"] * job["batch"], dtype=torch.int64)
        self.schedule = torch.from_file(job["schedule"], False, job["steps"], dtype=torch.float64)
        tensors, self.table = read_tensors(job["weights"])
        tensors = {name: tensor.to(self.device) for name, tensor in tensors.items()}
        shape, bf16 = job["shape"], job["precision"] == "bf16"
        self.model = Model(
            tensors, shape["heads"], shape["headSize"], shape["vocabulary"], job["buckets"], job["zLoss"], bf16)
        self.model.to(self.device)
        self.optimizer = optimizer_of(job, self.model)
        self.step, self.losses, self.seconds = 0, [], []
        self.restore()
        self.trained = torch.compile(self.model) if gpu else self.model
        if self.world > 1:
            self.trained = torch.nn.parallel.DistributedDataParallel(self.trained)

    def restore(self):
        if not os.path.exists(self.saved):
            return
        try:
            state = torch.load(self.saved, map_location=self.device, weights_only=True)
            if state["job"] != self.job["identity"]:
                raise ValueError("it is of another run")
            for step in self.job["snapshots"]:
                if step <= state["step"] and not os.path.exists(f"{self.folder}/snapshot-{step}.safetensors"):
                    raise ValueError(f"the snapshot of step {step} is missing")
            with torch.no_grad():
                for value, saved in zip(self.model.values, state["values"], strict=True):
                    value.copy_(saved)
            self.optimizer.load_state_dict(state["optimizer"])
        except Exception as problem:
            return say("note", text=f"{self.saved}: {problem}; training starts over")
        self.step, self.losses, self.seconds = state["step"], state["losses"], state["seconds"]

    def save(self):
        if self.rank == 0:
            state = {
                "job": self.job["identity"], "step": self.step, "losses": self.losses, "seconds": self.seconds,
                "values": [value.detach() for value in self.model.values], "optimizer": self.optimizer.state_dict(),
            }
            write_whole(self.saved, lambda file: torch.save(state, file))
            say("saved", step=self.step)

    def save_weights(self, name):
        if self.rank == 0:
            write_tensors(f"{self.folder}/{name}.safetensors", self.model.named(), self.table)

    def batches(self):
        """This process's part of the step's batch, a micro-batch at a time."""
        mine, micro = self.job["batch"] // self.world, self.job["microBatch"]
        first = self.step * self.job["batch"] + self.rank * mine
        for starts in self.order[first : first + mine].split(micro):
            rows = [self.row.slice(start, self.job["sequenceLength"]) for start in starts.tolist()]
            yield torch.stack(rows).to(self.device, non_blocking=True)

    def advance(self):
        """One step; Σ nats of this process's tokens, on its device."""
        scale = self.world / (self.job["batch"] * self.job["sequenceLength"])  # processes' gradients are averaged
        self.optimizer.zero_grad(set_to_none=True)
        total, parts = 0.0, list(self.batches())
        for i, tokens in enumerate(parts):
            if self.world > 1:
                self.trained.require_backward_grad_sync = i == len(parts) - 1
            loss, nats = self.trained(tokens)
            (loss * scale).backward()
            total = total + nats
        gradients = [value.grad for value in self.model.values]
        norm = torch.stack(torch._foreach_norm(gradients)).norm()
        if self.job["clip"] > 0:
            torch._foreach_mul_(gradients, torch.where(norm > self.job["clip"], self.job["clip"] / norm, 1.0))
        for group in self.optimizer.param_groups:
            group["lr"] = self.schedule[self.step].item() * group["rate"]
        self.optimizer.step()
        self.step += 1
        return torch.where(norm.isfinite(), total, float("nan"))

    def decide(self, *values):
        """The first process's numbers, in all of them."""
        numbers = torch.tensor(values, dtype=torch.float64, device=self.device)
        if self.world > 1:
            dist.broadcast(numbers, 0)
        return numbers.tolist()

    def train(self):
        job = self.job
        say("ready", torch=torch.__version__, device=self.name, step=self.step)
        say("steps", first=0, lossNats=self.losses, seconds=self.seconds)
        until, pending, began, look = job["until"], [], time.perf_counter(), self.step
        saved, writing, stop = time.perf_counter(), 0.0, False
        if self.step in job["snapshots"]:
            self.save_weights(f"snapshot-{self.step}")
        while self.step < until and not stop:
            pending.append(self.advance())
            isSnapshot = self.step in job["snapshots"]
            if self.step <= look and self.step < until and not isSnapshot:
                continue
            # What was computed since the last look is fetched at once: a device is not waited for after every step.
            nats = torch.stack(pending).double()
            if self.world > 1:
                dist.all_reduce(nats)
            losses = (nats / (job["batch"] * job["sequenceLength"])).tolist()
            seconds = (time.perf_counter() - began) / len(pending)
            first, pending, began = self.step - len(losses), [], time.perf_counter()
            if not all(map(math.isfinite, losses)):
                return say("diverged", step=first + [math.isfinite(loss) for loss in losses].index(False))
            self.losses += losses
            self.seconds += [seconds] * len(losses)
            say("steps", first=first, lossNats=losses, seconds=[seconds] * len(losses))
            if isSnapshot:
                self.save_weights(f"snapshot-{self.step}")
            due = time.perf_counter() - saved > max(job["checkpointSeconds"], 50 * writing)
            ahead = max(1, min(64, int(2 / max(seconds, 1e-6))))
            stop, due, ahead = self.decide(os.path.exists(job["stop"]), due, ahead)
            look = self.step + ahead - 1
            if (due or stop or self.step == until) and self.step < job["steps"]:
                start = time.perf_counter()
                self.save()
                saved, writing = time.perf_counter(), time.perf_counter() - start
            began = time.perf_counter()
        if self.step == until:
            self.save_weights("weights")
        if self.step == job["steps"] and job.get("scored") and self.rank == 0:
            say("nats", values=self.score(job["scored"]))
        say("done", step=self.step)
        if self.world > 1:
            dist.destroy_process_group()

    @torch.no_grad()
    def score(self, scored):
        """Nats of each example, in float32: the stream of their tokens is cut into sequences."""
        self.model.autocast = False
        length, count = self.job["sequenceLength"], sum(scored["counts"])
        row, nats = Row(scored["files"], scored["width"], count), []
        for start in range(0, count, length):
            tokens = row.slice(start, min(length, count - start))[None].to(self.device)
            nats.append(self.model.token_nats(tokens)[0].double().cpu())
        return [part.sum().item() for part in torch.cat(nats).split(scored["counts"])] if nats else []


def loaded(path, device="cpu"):
    """A file's model and tokens, and its table."""
    tensors, table = read_tensors(path)
    tokens = tensors.pop("tokens").long().to(device)
    heads, size, vocabulary, buckets, z_loss = (
        json.loads(table[key]) for key in ("heads", "headSize", "vocabulary", "buckets", "zLoss"))
    model = Model(tensors, heads, size, vocabulary, buckets, z_loss, table["precision"] == "bf16")
    return model.to(device), tokens, table


def gradient(path, out):
    model, tokens, table = loaded(path)
    loss = model(tokens)[0] / tokens.numel()
    loss.backward()
    write_tensors(out, {name: p.grad for name, p in model.named().items()} | {"loss": loss.reshape(1)}, table)


def measure(path, threads, seconds):
    torch.set_num_threads(threads)
    model, tokens, _ = loaded(path, "cuda" if torch.cuda.is_available() else "cpu")
    step_of = torch.compile(model) if tokens.is_cuda else model
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), fused=True)
    times = []
    while sum(times[1:]) < seconds or len(times) < 4:  # the first warms up
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        (step_of(tokens)[0] / tokens.numel()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=True)
        optimizer.step()
        if tokens.is_cuda:
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    print(json.dumps({"seconds": min(times[1:]), "version": torch.__version__}), file=answers, flush=True)


if __name__ == "__main__":
    mode, arguments = (sys.argv[1:2] or [""])[0], sys.argv[2:]
    if mode == "train" and len(arguments) == 1:
        Run(json.loads(open(arguments[0]).read())).train()
    elif mode == "gradient" and len(arguments) == 2:
        gradient(*arguments)
    elif mode == "time" and len(arguments) == 3:
        measure(arguments[0], int(arguments[1]), float(arguments[2]))
    else:
        sys.exit(__doc__)
